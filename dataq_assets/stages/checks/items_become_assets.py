"""Every item is one asset, and every member lies in an asset that exists."""

from __future__ import annotations

import polars as pl

from dataq_assets.stages.check import Verdict, none_of, together
from dataq_lake.lake import Lake

ASSET = ("assets",)
TABLES = ("items", "assets")
BLOCKING = True


def verdict(lake: Lake) -> Verdict:
    """The items without an asset and the members without a parent."""
    assets = lake.table("assets").scan(["id", "item_id", "parent_id", "depth"])
    items = lake.table("items").scan(["item_id"])
    top = assets.filter(pl.col("depth") == 0)
    missing = items.join(top, on="item_id", how="anti")
    members = assets.filter(pl.col("parent_id").is_not_null())
    orphans = members.join(assets.select("id"), left_on="parent_id", right_on="id", how="anti")
    orphans = orphans.select(pl.col("id").alias("asset_id"), "parent_id")
    return together(
        none_of(missing, "items without an asset", "item_id"),
        none_of(orphans, "members without a parent", "asset_id"),
    )
