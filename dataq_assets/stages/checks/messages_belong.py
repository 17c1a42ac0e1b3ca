"""Every message belongs to an asset and has a thread if it has an id."""

from __future__ import annotations

import polars as pl

from dataq_assets.stages.check import Verdict, none_of, together
from dataq_lake.lake import Lake

ASSET = ("messages",)
TABLES = ("messages", "assets")


def verdict(lake: Lake) -> Verdict:
    """The messages without an asset, and those that have an id and no thread."""
    messages = lake.table("messages").scan(["asset_id", "message_id", "thread_id"])
    assets = lake.table("assets").scan(["id"])
    stray = messages.join(assets, left_on="asset_id", right_on="id", how="anti")
    loose = messages.filter(pl.col("message_id").is_not_null() & pl.col("thread_id").is_null())
    return together(
        none_of(stray, "messages without an asset", "asset_id"),
        none_of(loose, "messages without a thread", "asset_id"),
    )
