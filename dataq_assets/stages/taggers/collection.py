"""The collection that an asset belongs to, where it is near its middle."""

from __future__ import annotations

import polars as pl

from dataq_lake.lake import Lake

READS = ("collections", "collection_members")
VERSION = "1"


def tags(lake: Lake) -> pl.LazyFrame:
    """collection/<name>, as sure as the asset is like the middle; a new name is another tag."""
    named = lake.table("collections").scan(["id", "name"])
    members = lake.table("collection_members").scan(["collection_id", "asset_id", "strength"])
    return members.join(named, left_on="collection_id", right_on="id").select(
        pl.col("asset_id").alias("entity_id"),
        pl.concat_str(pl.lit("collection/"), "name").alias("tag"),
        pl.col("strength").alias("confidence"),
        "collection_id",
    )
