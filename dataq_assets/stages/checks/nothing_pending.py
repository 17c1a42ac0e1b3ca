"""Every content that an analyzer reads was read, and every text that counts was cut in segments."""

from __future__ import annotations

import polars as pl

from dataq_assets.stages.check import Verdict, none_of, together
from dataq_assets.stages.current import current_texts, readers
from dataq_assets.stages.hashed import BY, is_pending
from dataq_lake.lake import Lake

ASSET = ("segments",)
TABLES = ("assets", "analyses", "segments")


def verdict(lake: Lake) -> Verdict:
    """What the next run would have to do, apart from what it is asked to try again."""
    if not is_pending(lake):
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
