"""An extracted text and the asset it was extracted from."""

from __future__ import annotations

import polars as pl

from dataq_assets.stages.current import current_texts
from dataq_assets.stages.latest import latest
from dataq_assets.stages.relation import Relating

READS = ("items", "assets", "entities", "texts", "analyses")
VERSION = "1"


def edges(relating: Relating) -> pl.LazyFrame:
    """From the text that counts to each current asset with that content.

    Where a transformation changed the bytes before they were analyzed, the evidence names it.
    """
    lake = relating.lake
    texts = lake.table("texts").scan(["id", "extractor", "extractor_version"])
    items = lake.table("items").scan(["item_id", "transform"])
    transformed = items.filter(pl.col("transform").is_not_null())
    return (
        current_texts(lake)
        .join(latest(lake, ["id"]), left_on="asset_id", right_on="id", how="semi")
        .join(texts, left_on="text_id", right_on="id")
        .join(transformed, left_on="asset_id", right_on="item_id", how="left")
        .select(
            pl.col("text_id").alias("source_id"),
            pl.col("asset_id").alias("target_id"),
            pl.lit(1.0).alias("strength"),
            pl.col("extractor").alias("method"),
            pl.col("extractor_version").alias("version"),
            "transform",
        )
    )
