"""95 of 100 searches of a fixed set of queries take no longer than this."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dataq_assets.stages.level import Measured, percentile
from dataq_lake.ids import make_id

if TYPE_CHECKING:
    from dataq_assets.stages.level import Measuring

UNIT = "ms"
AT_LEAST = False


def measure(measuring: Measuring) -> Measured:
    """In milliseconds; the facts say by which queries, for others are not to be compared."""
    times = measuring.milliseconds
    slowest = measuring.queries[times.index(max(times))]
    facts = {"queries": len(times), "set": make_id(*measuring.queries)[:8], "slowest": slowest}
    return Measured(percentile(times, 0.95), facts)
