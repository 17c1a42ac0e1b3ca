"""A member and the outermost thing that it came in, however deep it lies."""

from __future__ import annotations

import polars as pl

from dataq_assets.stages.latest import latest
from dataq_assets.stages.relation import Relating

READS = ("assets", "entities")
VERSION = "1"


def edges(relating: Relating) -> pl.LazyFrame:
    """From the member to what the source sent, whose asset has the item's id."""
    assets = latest(relating.lake, ["id", "item_id", "depth"])
    return assets.filter(pl.col("depth") > 0).select(
        pl.col("id").alias("source_id"),
        pl.col("item_id").alias("target_id"),
        pl.lit(1.0).alias("strength"),
        pl.lit("path").alias("method"),
        pl.col("depth").cast(pl.String).alias("depth"),
    )
