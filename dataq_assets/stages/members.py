"""What lies directly in something else, as edges: in a mail, or in any other container."""

from __future__ import annotations

import polars as pl

from dataq_assets.stages.latest import MAIL, latest
from dataq_lake.lake import Lake


def members(lake: Lake, in_mails: bool, method: str) -> pl.LazyFrame:
    """Edges from what a mail or container has in it to that: with the member's name."""
    assets = latest(lake, ["id", "parent_id", "mime_type", "filename"])
    mail = pl.col("mime_type").eq_missing(MAIL)
    outer = assets.filter(mail if in_mails else ~mail).select("id")
    return assets.join(outer, left_on="parent_id", right_on="id", how="semi").select(
        pl.col("id").alias("source_id"),
        pl.col("parent_id").alias("target_id"),
        pl.lit(1.0).alias("strength"),
        pl.lit(method).alias("method"),
        pl.col("filename").alias("name"),
    )
