"""Every event belongs to an asset, and does not end before it begins."""

from __future__ import annotations

import polars as pl

from dataq_assets.stages.check import Verdict, none_of, together
from dataq_lake.lake import Lake

ASSET = ("events",)
TABLES = ("events", "assets")


def verdict(lake: Lake) -> Verdict:
    """The events without an asset, and those that end before they begin."""
    events = lake.table("events").scan(["id", "asset_id", "starts_at", "ends_at"])
    assets = lake.table("assets").scan(["id"])
    stray = events.join(assets, left_on="asset_id", right_on="id", how="anti")
    return together(
        none_of(stray, "events without an asset", "asset_id"),
        none_of(events.filter(pl.col("ends_at") < pl.col("starts_at")), "events end first", "id"),
    )
