"""A container and each of its members: an archive its files, a mailbox its mails."""

from __future__ import annotations

import polars as pl

from dataq_assets.stages.latest import MAIL, latest
from dataq_assets.stages.relation import Relating

READS = ("assets", "entities")
VERSION = "1"


def edges(relating: Relating) -> pl.LazyFrame:
    """From the container to the member; what is attached to a mail is `attached_to` it."""
    assets = latest(relating.lake, ["id", "parent_id", "mime_type", "filename"])
    containers = assets.filter(pl.col("mime_type").ne_missing(MAIL)).select("id")
    return assets.join(containers, left_on="parent_id", right_on="id", how="semi").select(
        pl.col("parent_id").alias("source_id"),
        pl.col("id").alias("target_id"),
        pl.lit(1.0).alias("strength"),
        pl.lit("member").alias("method"),
        pl.col("filename").alias("name"),
    )
