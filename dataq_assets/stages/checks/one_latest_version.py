"""Every asset has its entity, and a chain of versions has at most one latest."""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from dataq_assets.stages.check import Verdict, none_of, together
from dataq_lake.lake import Lake

ASSET = ("entities",)
TABLES = ("assets", "entities")
BLOCKING = True


def verdict(lake: Lake) -> Verdict:
    """The assets without an entity, and the chains with several latest."""
    entities = lake.table("entities").scan(["id", "entity_type", "version_of", "is_latest"])
    assets = lake.table("assets").scan(["id"]).rename({"id": "asset_id"})
    missing = assets.join(entities, left_on="asset_id", right_on="id", how="anti")
    latest = entities.filter((pl.col("entity_type") == "asset") & pl.col("is_latest"))
    several = latest.group_by("version_of").agg(pl.len().alias("latest"))
    several = several.filter(pl.col("latest") > 1)
    chains = none_of(several, "chains with several latest versions", "version_of")
    if not chains.passed:
        mine = latest.join(several, on="version_of", how="semi")
        chains = replace(chains, broken=mine.select(pl.col("id").alias("asset_id")))
    return together(none_of(missing, "assets without an entity", "asset_id"), chains)
