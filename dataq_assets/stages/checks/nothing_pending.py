"""Every content that an analyzer reads was read, and every text that counts was cut in segments."""

from __future__ import annotations

import polars as pl

from dataq_assets.stages.check import Verdict, none_of, together
from dataq_assets.stages.current import current_texts, readers
from dataq_lake.lake import Lake

ASSET = ("segments",)
TABLES = ("assets", "analyses", "segments")
BY = ["analyzer", "analyzer_version"]


def verdict(lake: Lake) -> Verdict:
    """What the next run would have to do, apart from what it is asked to try again."""
    if not _is_pending(lake):
        return Verdict(True)
    assets = lake.table("assets").scan(["id", "file_hash", "mime_type"])
    done = lake.table("analyses").scan(["content_hash", *BY])
    readable = assets.join(readers(lake).lazy(), on="mime_type")
    unread = readable.join(
        done, left_on=["file_hash", *BY], right_on=["content_hash", *BY], how="anti"
    ).select(pl.col("id").alias("asset_id"), *BY)
    have = lake.table("segments").scan(["asset_id", "text_id"])
    uncut = current_texts(lake).join(have, on=["asset_id", "text_id"], how="anti")
    return together(
        none_of(unread, "assets that their analyzer has not read", "asset_id"),
        none_of(uncut, "assets whose text has no segments", "asset_id"),
    )


def _is_pending(lake: Lake) -> bool:
    """Whether there is anything, by hashes of eight bytes: joins of them take a quarter."""
    by = pl.concat_str(BY).hash()
    assets = lake.table("assets").scan(["id", "file_hash", "mime_type"])
    analyses = lake.table("analyses").scan(["content_hash", *BY, "text_id"])
    readable = assets.join(readers(lake).lazy(), on="mime_type")
    wanted = readable.select(
        pl.col("id").hash().alias("asset"), (pl.col("file_hash").hash() ^ by).alias("work")
    )
    done = analyses.select(
        (pl.col("content_hash").hash() ^ by).alias("work"),
        pl.when(pl.col("text_id").is_not_null()).then(pl.col("text_id").hash()).alias("text"),
        pl.lit(value=True).alias("read"),
    )
    pairs = lake.table("segments").scan(["asset_id", "text_id"])
    have = pairs.select((pl.col("asset_id").hash() ^ pl.col("text_id").hash()).alias("pair"))
    found = wanted.join(done, on="work", how="left").select(
        "read", (pl.col("asset") ^ pl.col("text")).alias("pair")
    )
    unread = found.filter(pl.col("read").is_null()).select(pl.len())
    cut = found.filter(pl.col("pair").is_not_null()).join(have, on="pair", how="anti")
    counts = pl.collect_all([unread, cut.select(pl.len())], engine="streaming")
    return any(each.item() for each in counts)
