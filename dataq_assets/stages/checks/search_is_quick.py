"""Searches of the fixed set of queries take no longer than their bars."""

from __future__ import annotations

from dataq_assets.stages.check import Verdict
from dataq_assets.stages.levels_kept import kept
from dataq_lake.lake import Lake

ASSET = ("service_levels",)
TABLES = ("service_levels",)
SEVERITY = "warning"


def verdict(lake: Lake) -> Verdict:
    """As it was last measured."""
    return kept(lake, "search_p50", "search_p95")
