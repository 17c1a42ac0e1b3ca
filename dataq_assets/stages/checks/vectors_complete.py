"""Every segment's text has a vector of the newest model."""

from __future__ import annotations

import polars as pl

from dataq_assets.stages.check import Verdict, none_of
from dataq_assets.stages.hashed import all_in
from dataq_lake.lake import Lake

ASSET = ("embeddings",)
TABLES = ("segments", "embeddings")


def verdict(lake: Lake) -> Verdict:
    """The segments without any vector."""
    if all_in(lake, ("segments", "text_hash"), ("embeddings", "text_hash")):
        return Verdict(True)
    segments = lake.table("segments").scan(["id", "text_hash"])
    vectors = lake.table("embeddings").scan(["text_hash"])
    bare = segments.join(vectors, on="text_hash", how="anti")
    mine = bare.select(pl.col("id").alias("segment_id"))
    return none_of(mine, "segments without a vector", "segment_id")
