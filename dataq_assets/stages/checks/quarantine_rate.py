"""The gate holds back at most a fifth of what a source sent: more is no exception any longer."""

from __future__ import annotations

import polars as pl

from dataq_assets.stages.check import Verdict, few_of
from dataq_lake.lake import Lake

ASSET = ("quarantine", "rejected_items")
TABLES = ("items", "quarantine")
SEVERITY = "warning"
ENOUGH = 20
SHARE = 0.2


def verdict(lake: Lake) -> Verdict:
    """The sources of which more than a fifth, and at least 20 items, are in quarantine."""
    items = lake.table("items").scan(["source"]).group_by("source").agg(pl.len().alias("items"))
    rows = lake.table("quarantine").scan(["source", "stage", "state", "rule"])
    held = rows.filter((pl.col("stage") == "gate") & (pl.col("state") != "resolved"))
    counted = held.group_by("source").agg(
        pl.len().alias("rejected"), pl.col("rule").drop_nulls().mode().min().alias("mostly_by")
    )
    share = pl.col("rejected") / (pl.col("rejected") + pl.col("items"))
    shares = counted.join(items, on="source", how="left").with_columns(pl.col("items").fill_null(0))
    bad = shares.with_columns(share.alias("share")).filter(
        (pl.col("share") > SHARE) & (pl.col("rejected") >= ENOUGH)
    )
    told = "{share:.0%} of {source} ({rejected} items) are rejected, mostly by {mostly_by}"
    return few_of(bad.sort("source").collect(), told)
