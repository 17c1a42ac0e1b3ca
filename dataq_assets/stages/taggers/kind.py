"""What kind of thing an asset is, by the type that was found in its content."""

from __future__ import annotations

import polars as pl

from dataq_assets.stages.describing import classification
from dataq_assets.stages.latest import latest
from dataq_lake.lake import Lake

READS = ("assets", "entities")
VERSION = "1"


def tags(lake: Lake) -> pl.LazyFrame:
    """kind/mail, kind/page, kind/image, …; what is of no known kind has none."""
    assets = latest(lake, ["id", "mime_type"])
    types = assets.select("mime_type").unique().collect()["mime_type"].drop_nulls()
    kinds = {name: classification(name) for name in types}
    known = pl.LazyFrame(
        {"mime_type": list(kinds), "kind": list(kinds.values())},
        schema={"mime_type": pl.String, "kind": pl.String},
    )
    return (
        assets.join(known, on="mime_type")
        .filter(pl.col("kind") != "other")
        .select(
            pl.col("id").alias("entity_id"),
            pl.concat_str(pl.lit("kind/"), "kind").alias("tag"),
            pl.lit(1.0).alias("confidence"),
            "mime_type",
        )
    )
