"""No edge is there twice, leads to where it begins, or is stronger than 1."""

from __future__ import annotations

import polars as pl

from dataq_assets.stages.check import Verdict, none_of
from dataq_lake.lake import Lake

ASSET = ("relationships",)
TABLES = ("relationships",)


def verdict(lake: Lake) -> Verdict:
    """The edges that are not."""
    columns = ["id", "source_id", "target_id", "relationship_type", "strength"]
    edges = lake.table("relationships").scan(columns)
    broken = edges.filter(
        pl.col("id").is_duplicated()
        | (pl.col("source_id") == pl.col("target_id"))
        | ~pl.col("strength").is_between(0, 1)
    )
    return none_of(broken, "edges that are not sound")
