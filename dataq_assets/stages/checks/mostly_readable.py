"""Few of a type's contents defeat their analyzer: many mean that the analyzer is at fault."""

from __future__ import annotations

import polars as pl

from dataq_assets.stages.check import Verdict, few_of
from dataq_lake.lake import Lake

ASSET = ("quarantine", "rejected_texts")
TABLES = ("analyses",)
SEVERITY = "warning"
ENOUGH = 20
SHARE = 0.5


def verdict(lake: Lake) -> Verdict:
    """The analyzers that fail at more than half of at least 20 contents."""
    analyses = lake.table("analyses").scan(["analyzer", "outcome"])
    failed = (~pl.col("outcome").is_in(["text", "empty"])).mean().alias("failed")
    shares = analyses.group_by("analyzer").agg(failed, pl.len().alias("contents")).collect()
    bad = shares.filter((pl.col("failed") > SHARE) & (pl.col("contents") >= ENOUGH))
    return few_of(bad.sort("analyzer"), "mostly fails: {analyzer} ({failed:.0%} of {contents})")
