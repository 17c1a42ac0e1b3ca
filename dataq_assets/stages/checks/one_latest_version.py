"""Every asset has its entity, and a chain of versions has at most one latest."""

from __future__ import annotations

import polars as pl

from dataq_assets.stages.check import Verdict, none_of
from dataq_lake.lake import Lake

ASSET = ("entities",)
TABLES = ("assets", "entities")


def verdict(lake: Lake) -> Verdict:
    """The assets without an entity, then the chains with several latest."""
    entities = lake.table("entities").scan(["id", "entity_type", "version_of", "is_latest"])
    assets = lake.table("assets").scan(["id"])
    missing = none_of(assets.join(entities, on="id", how="anti"), "assets without an entity")
    if not missing.passed:
        return missing
    latest = entities.filter((pl.col("entity_type") == "asset") & pl.col("is_latest"))
    several = latest.group_by("version_of").len().filter(pl.col("len") > 1)
    return none_of(several, "chains with several latest versions", "version_of")
