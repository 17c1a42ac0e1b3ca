"""Half of the searches of a fixed set of queries take no longer than this."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dataq_assets.stages.level import Measured, percentile
from dataq_lake.ids import make_id

if TYPE_CHECKING:
    from dataq_assets.stages.level import Measuring

UNIT = "ms"
AT_LEAST = False


def measure(measuring: Measuring) -> Measured:
    """In milliseconds, of the same searches as the 95th percentile."""
    times = measuring.milliseconds
    return Measured(
        percentile(times, 0.5), {"queries": len(times), "set": make_id(*measuring.queries)[:8]}
    )
