"""95 of 100 searches of a fixed set of queries take no longer than this."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dataq_assets.stages.level import Measured

if TYPE_CHECKING:
    from dataq_assets.stages.level import Measuring

UNIT = "ms"
AT_LEAST = False


def measure(measuring: Measuring) -> Measured:
    """In milliseconds; the facts say by which queries, for others are not to be compared."""
    return measuring.quickness(0.95)
