"""No source has all its rows rejected: more likely its settings are wrong than all its data."""

from __future__ import annotations

import polars as pl

from dataq_assets.stages.check import Verdict, few_of
from dataq_lake.lake import Lake

ASSET = ("quarantine", "rejected_items")
TABLES = ("items", "quarantine")
SEVERITY = "warning"


def verdict(lake: Lake) -> Verdict:
    """The sources of which nothing passed."""
    passed = lake.table("items").scan(["source"]).unique()
    held = lake.table("quarantine").scan(["source", "stage", "state"])
    open_ = held.filter((pl.col("stage") == "gate") & (pl.col("state") == "open"))
    counted = open_.group_by("source").agg(pl.len().alias("rejected"))
    found = counted.join(passed, on="source", how="anti").sort("source").collect()
    return few_of(found, "everything is rejected of: {source}")
