"""The assets that count today."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from dataq_lake.lake import Lake

MAIL = "message/rfc822"


def latest(lake: Lake, columns: Iterable[str]) -> pl.LazyFrame:
    """These columns (id among them) of the assets that are neither superseded nor deleted."""
    entities = lake.table("entities").scan(["id", "entity_type", "is_latest"])
    ids = entities.filter(pl.col("is_latest"), pl.col("entity_type") == "asset").select("id")
    return lake.table("assets").scan(list(columns)).join(ids, on="id", how="semi")
