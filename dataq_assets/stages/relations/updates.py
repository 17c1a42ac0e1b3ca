"""An invitation and the one that it changes or cancels."""

from __future__ import annotations

import polars as pl

from dataq_assets.stages.latest import latest
from dataq_assets.stages.relation import Relating

READS = ("assets", "entities", "events")
VERSION = "1"
# What the organizer sends; the others are answers of people who are invited (RFC 5546).
_SENT = ("request", "publish", "cancel", "add")


def edges(relating: Relating) -> pl.LazyFrame:
    """From an invitation to the one before it: same UID, occurrence, organizer, lower SEQUENCE.

    Of those with the same SEQUENCE the later DTSTAMP counts. Of several copies all lead to one,
    that with the smallest id.
    """
    lake = relating.lake
    thing = ["uid", "recurrence_id", "organizer"]
    place = ["sequence", "stamped_at"]
    events = (
        lake.table("events")
        .scan(["asset_id", *thing, *place, "method", "status"])
        .filter(pl.col("method").is_in(_SENT), pl.col("organizer").is_not_null())
        .join(latest(lake, ["id"]), left_on="asset_id", right_on="id", how="semi")
        .with_columns(pl.col("sequence").fill_null(0), pl.col("organizer").str.to_lowercase())
        .cache()
    )
    # Each state of an invitation once, with the one before it.
    states = (
        events.group_by(*thing, *place)
        .agg(pl.col("asset_id").min().alias("one"))
        .sort(*thing, *place, nulls_last=False)
        .with_columns(
            pl.col("one", "sequence").shift(1).over(thing, order_by=place).name.prefix("before_")
        )
        .filter(pl.col("before_one").is_not_null())
    )
    cancelled = (pl.col("method") == "cancel") | pl.col("status").eq_missing("cancelled")
    return events.join(states, on=[*thing, *place], nulls_equal=True).select(
        pl.col("asset_id").alias("source_id"),
        pl.col("before_one").alias("target_id"),
        pl.lit(1.0).alias("strength"),
        pl.when(cancelled).then(pl.lit("cancel")).otherwise(pl.lit("update")).alias("method"),
        "uid",
        "sequence",
        pl.col("before_sequence"),
    )
