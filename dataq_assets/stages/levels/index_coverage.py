"""So many of the segments that are current can be found in the published index."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dataq_assets.stages.coverage import coverage
from dataq_assets.stages.level import Measured

if TYPE_CHECKING:
    from dataq_assets.stages.level import Measuring

UNIT = "share"
AT_LEAST = True


def measure(measuring: Measuring) -> Measured:
    """The share; those that a blocking check withholds are told, and not asked for."""
    found = coverage(measuring.lake, measuring.snapshot)
    return Measured(found.share, found.as_dict())
