"""The labels and folders that a mail has in its source."""

from __future__ import annotations

import polars as pl

from dataq_assets.stages.latest import latest
from dataq_lake.lake import Lake

READS = ("messages", "assets", "entities")
VERSION = "1"


def tags(lake: Lake) -> pl.LazyFrame:
    """label/<label>, in small letters; somebody gave it there, so nothing is guessed."""
    mails = lake.table("messages").scan(["asset_id", "labels"])
    current = latest(lake, ["id"]).rename({"id": "asset_id"})
    label = pl.col("labels").str.strip_chars()
    return (
        mails.join(current, on="asset_id", how="semi")
        .filter(pl.col("labels").list.len() > 0)
        .explode("labels")
        .filter(label != "")
        .select(
            pl.col("asset_id").alias("entity_id"),
            pl.concat_str(pl.lit("label/"), label.str.to_lowercase()).alias("tag"),
            pl.lit(1.0).alias("confidence"),
            label.alias("label"),
        )
    )
