"""What people have said: it holds for every version of the thing that they said it of."""

from __future__ import annotations

import polars as pl

from dataq_assets.stages.latest import latest
from dataq_lake.lake import Lake

READS = ("manual_tags", "entities", "assets", "collections")
VERSION = "1"


def tags(lake: Lake) -> pl.LazyFrame:
    """Each tag that was added and not removed since, of what is there today."""
    said = lake.table("manual_tags").scan().filter(pl.col("state") == "added")
    return said.join(things(lake), on="thing_id").select(
        "entity_id", "tag", pl.lit(1.0).alias("confidence"), "tagged_by"
    )


def things(lake: Lake) -> pl.LazyFrame:
    """What people can say something of, and what it is today: thing_id, entity_id."""
    versions = lake.table("entities").scan(["id", "version_of"])
    assets = latest(lake, ["id"]).join(versions, on="id")
    collections = lake.table("collections").scan(["id"])
    return pl.concat(
        [
            assets.select(pl.col("version_of").alias("thing_id"), pl.col("id").alias("entity_id")),
            collections.select(pl.col("id").alias("thing_id"), pl.col("id").alias("entity_id")),
        ]
    )
