"""No source has all its rows rejected: more likely its settings are wrong than all its data."""

from __future__ import annotations

import polars as pl

from dataq_assets.stages.check import Verdict
from dataq_lake.lake import Lake

ASSET = ("quarantine", "rejected_items")
TABLES = ("items", "quarantine")
SEVERITY = "warning"


def verdict(lake: Lake) -> Verdict:
    """The sources of which nothing passed."""
    passed = lake.table("items").scan(["source"]).unique()
    held = lake.table("quarantine").scan(["source", "stage", "state"])
    open_ = held.filter((pl.col("stage") == "gate") & (pl.col("state") == "open"))
    sources = open_.select("source").unique().join(passed, on="source", how="anti").collect()
    names = sorted(sources["source"])
    return Verdict(not names, f"everything is rejected of: {', '.join(names)}" if names else "")
