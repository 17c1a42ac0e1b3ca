"""An asset and the first current one with the same bytes, in any source."""

from __future__ import annotations

import polars as pl

from dataq_assets.stages.latest import latest
from dataq_assets.stages.relation import Relating

READS = ("assets", "entities")
VERSION = "1"


def edges(relating: Relating) -> pl.LazyFrame:
    """From each copy to one that stands for all: there are as many edges as further copies.

    It is the one that `assets` calls the first, or that with the smallest id where that one is
    gone. Empty files have nothing in common.
    """
    columns = ["id", "file_hash", "file_size", "duplicate_of"]
    assets = latest(relating.lake, columns).filter(pl.col("file_size") > 0)
    order = [pl.col("duplicate_of").is_not_null(), pl.col("id")]
    firsts = assets.group_by("file_hash").agg(
        pl.col("id").sort_by(order).first().alias("target_id"), pl.len().alias("copies")
    )
    return (
        assets.join(firsts.filter(pl.col("copies") > 1), on="file_hash")
        .filter(pl.col("id") != pl.col("target_id"))
        .select(
            pl.col("id").alias("source_id"),
            "target_id",
            pl.lit(1.0).alias("strength"),
            pl.lit("sha256").alias("method"),
            "file_hash",
        )
    )
