"""The folder that an asset lies in, where at least three do."""

from __future__ import annotations

import polars as pl

from dataq_assets.stages.latest import latest
from dataq_lake.lake import Lake

READS = ("assets", "entities")
VERSION = "1"
_TOGETHER = 3


def tags(lake: Lake) -> pl.LazyFrame:
    """folder/<name of the nearest folder>, in small letters; also folders inside an archive.

    A URL has none, and what came inside of a file (file!/member) lies in no folder.
    """
    parts = pl.col("path").str.split("/").list
    folder = parts.get(-2, null_on_oob=True)
    told = latest(lake, ["id", "source", "path"]).filter(~pl.col("path").str.contains("://"))
    lying = told.select(
        pl.col("id").alias("entity_id"),
        folder.alias("folder"),
        "source",
        parts.head(parts.len() - 1).list.join("/").alias("whole"),
    ).filter(pl.col("folder").fill_null("") != "", ~pl.col("folder").str.ends_with("!"))
    place = ["source", "whole"]
    together = lying.group_by(place).agg(pl.len().alias("count"))
    return lying.join(together.filter(pl.col("count") >= _TOGETHER), on=place).select(
        "entity_id",
        pl.concat_str(pl.lit("folder/"), pl.col("folder").str.to_lowercase()).alias("tag"),
        pl.lit(1.0).alias("confidence"),
        "folder",
    )
