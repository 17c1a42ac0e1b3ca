"""What is current can be found in the published index."""

from __future__ import annotations

from dataq_assets.stages.check import Verdict
from dataq_assets.stages.levels_kept import kept
from dataq_lake.lake import Lake

ASSET = ("service_levels",)
TABLES = ("service_levels",)


def verdict(lake: Lake) -> Verdict:
    """As it was last measured."""
    return kept(lake, "index_coverage")
