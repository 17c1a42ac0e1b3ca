"""An asset and the first current one with the same bytes, or of the same mail, in any source."""

from __future__ import annotations

import polars as pl

from dataq_assets.stages.latest import latest
from dataq_assets.stages.relation import Relating

READS = ("assets", "entities", "messages")
VERSION = "2"


def edges(relating: Relating) -> pl.LazyFrame:
    """From each copy to one that stands for all: there are as many edges as further copies.

    Copies of a mail have its identity: on their way to two sources, programs quote lines, change
    line ends and add to the header, so their bytes differ. One that `assets` calls the first
    stands for all, if it is there, and that with the smallest id of several. Empty files have
    nothing in common.
    """
    columns = ["id", "file_hash", "file_size", "duplicate_of"]
    mails = relating.lake.table("messages").scan(["asset_id", "identity", "message_id"])
    assets = (
        latest(relating.lake, columns)
        .filter(pl.col("file_size") > 0)
        .join(mails, left_on="id", right_on="asset_id", how="left")
        # The same bytes are one thing, also where only one of them was taken for a mail.
        .with_columns(pl.col("identity", "message_id").drop_nulls().first().over("file_hash"))
        .with_columns(pl.coalesce("identity", "file_hash").alias("same"))
    )
    order = [pl.col("duplicate_of").is_not_null(), pl.col("id")]
    first = pl.col("id", "file_hash").sort_by(order).first()
    firsts = assets.group_by("same").agg(first.name.prefix("first_"), pl.len().alias("copies"))
    equal = pl.col("file_hash") == pl.col("first_file_hash")
    return (
        assets.join(firsts.filter(pl.col("copies") > 1), on="same")
        .filter(pl.col("id") != pl.col("first_id"))
        .select(
            pl.col("id").alias("source_id"),
            pl.col("first_id").alias("target_id"),
            pl.lit(1.0).alias("strength"),
            pl.when(equal).then(pl.lit("sha256")).otherwise(pl.lit("message")).alias("method"),
            pl.when(equal).then("file_hash").alias("file_hash"),
            pl.when(~equal).then("message_id").alias("message_id"),
            pl.when(~equal).then("identity").alias("identity"),
        )
    )
