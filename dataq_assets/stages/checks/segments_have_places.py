"""Every segment lies in a text that exists, and ends after it begins."""

from __future__ import annotations

import polars as pl

from dataq_assets.stages.check import Verdict, none_of
from dataq_lake.lake import Lake

ASSET = ("segments",)
TABLES = ("segments", "texts")


def verdict(lake: Lake) -> Verdict:
    """The segments of no text, then those without extent."""
    segments = lake.table("segments")
    texts = lake.table("texts").scan(["id"])
    stray = segments.scan(["id", "text_id"]).join(
        texts, left_on="text_id", right_on="id", how="anti"
    )
    missing = none_of(stray, "segments of no text")
    if not missing.passed:
        return missing
    start = pl.col("start_marker").struct.field("char")
    end = pl.col("end_marker").struct.field("char")
    places = segments.scan(["id", "start_marker", "end_marker"])
    return none_of(places.filter((start >= end).fill_null(True)), "segments without extent")
