"""The published index does not lack for long what is current."""

from __future__ import annotations

from dataq_assets.stages.check import Verdict
from dataq_assets.stages.levels_kept import kept
from dataq_lake.lake import Lake

ASSET = ("service_levels",)
TABLES = ("service_levels",)


def verdict(lake: Lake) -> Verdict:
    """As it was last measured."""
    return kept(lake, "index_freshness")
