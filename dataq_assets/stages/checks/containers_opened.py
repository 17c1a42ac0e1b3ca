"""Rows of quarantine about containers are about assets that exist."""

from __future__ import annotations

import polars as pl

from dataq_assets.stages.check import Verdict, none_of
from dataq_lake.lake import Lake

ASSET = ("quarantine", "rejected_members")
TABLES = ("assets", "quarantine")


def verdict(lake: Lake) -> Verdict:
    """The rows about nothing."""
    rows = lake.table("quarantine").scan(["id", "item_id", "stage"])
    assets = lake.table("assets").scan(["item_id"])
    stray = rows.filter(pl.col("stage") == "assets").join(assets, on="item_id", how="anti")
    return none_of(stray, "rows about items that have no asset")
