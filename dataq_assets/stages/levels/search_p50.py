"""Half of the searches of a fixed set of queries take no longer than this."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dataq_assets.stages.level import Measured

if TYPE_CHECKING:
    from dataq_assets.stages.level import Measuring

UNIT = "ms"
AT_LEAST = False


def measure(measuring: Measuring) -> Measured:
    """In milliseconds, of the same searches as the 95th percentile."""
    return measuring.quickness(0.5)
