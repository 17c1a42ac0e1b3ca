"""A version and the one before it, as long as there is a current one of the same thing."""

from __future__ import annotations

import polars as pl

from dataq_assets.stages.relation import Relating

READS = ("entities",)
VERSION = "1"


def edges(relating: Relating) -> pl.LazyFrame:
    """From the newer to the older, step by step through the chain."""
    entities = relating.lake.table("entities").scan()
    chains = entities.filter(pl.col("entity_type") == "asset").select(
        "id", "version", "version_of", "is_latest"
    )
    alive = chains.filter(pl.col("is_latest")).select("version_of")
    chains = chains.join(alive, on="version_of", how="semi")
    older = chains.select("version_of", pl.col("version") + 1, pl.col("id").alias("target_id"))
    return chains.join(older, on=["version_of", "version"]).select(
        pl.col("id").alias("source_id"),
        "target_id",
        pl.lit(1.0).alias("strength"),
        pl.lit("path").alias("method"),
        pl.col("version").cast(pl.String).alias("version"),
    )
