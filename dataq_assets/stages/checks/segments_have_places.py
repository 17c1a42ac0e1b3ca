"""Every segment lies in a text that exists, and ends after it begins."""

from __future__ import annotations

import polars as pl

from dataq_assets.stages.check import Verdict, none_of, together
from dataq_assets.stages.hashed import all_in
from dataq_lake.lake import Lake

ASSET = ("segments",)
TABLES = ("segments", "texts")
BLOCKING = True


def verdict(lake: Lake) -> Verdict:
    """The segments of no text, and those without extent."""
    segments = lake.table("segments")
    start = pl.col("start_marker").struct.field("char").alias("start")
    end = pl.col("end_marker").struct.field("char").alias("end")
    places = segments.scan(["id", "start_marker", "end_marker"])
    places = places.select(pl.col("id").alias("segment_id"), start, end)
    bad = (pl.col("start") >= pl.col("end")) | (pl.col("start") < 0)
    extent = none_of(places.filter(bad.fill_null(True)), "segments without extent", "segment_id")
    if all_in(lake, ("segments", "text_id"), ("texts", "id")):
        return extent
    texts = lake.table("texts").scan(["id"])
    mine = segments.scan(["id", "text_id"]).rename({"id": "segment_id"})
    stray = mine.join(texts, left_on="text_id", right_on="id", how="anti")
    return together(none_of(stray, "segments of no text", "segment_id"), extent)
