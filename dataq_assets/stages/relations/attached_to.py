"""An attachment and its mail."""

from __future__ import annotations

import polars as pl

from dataq_assets.stages.latest import MAIL, latest
from dataq_assets.stages.relation import Relating

READS = ("assets", "entities")
VERSION = "1"


def edges(relating: Relating) -> pl.LazyFrame:
    """From the attachment to the mail."""
    assets = latest(relating.lake, ["id", "parent_id", "mime_type", "filename"])
    mails = assets.filter(pl.col("mime_type") == MAIL).select("id")
    return assets.join(mails, left_on="parent_id", right_on="id", how="semi").select(
        pl.col("id").alias("source_id"),
        pl.col("parent_id").alias("target_id"),
        pl.lit(1.0).alias("strength"),
        pl.lit("attachment").alias("method"),
        pl.col("filename").alias("name"),
    )
