"""Chains of versions: which asset is the first, which the latest, and what a deletion ends."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

ASSET_COLUMNS = ("id", "item_id", "parent_id", "source", "source_id", "path", "sequence")
THING = ["source", "source_id"]


@dataclass(frozen=True)
class EntityChange:
    """Rows to add, in the schema of entities, and ids whose old row goes."""

    new: pl.DataFrame
    gone: pl.Series


def entity_change(assets: pl.LazyFrame, raw: pl.LazyFrame, entities: pl.LazyFrame) -> EntityChange:
    """What must change in `entities` so that it tells the versions of all `assets`.

    Order is that of observation (raw's sequence), never of modification time, which goes back.
    A version is the latest while no later one has passed the gate and no deletion followed;
    members share the fate of the asset they came in.
    """
    wanted = chains(assets, raw)
    told = ["id", "version", "version_of", "is_latest"]
    have = entities.filter(pl.col("entity_type") == "asset").select(told)
    new = wanted.join(have, on=told, how="anti", nulls_equal=True).collect()
    known = have.select("id").collect()["id"]
    return EntityChange(_rows(new), new.filter(pl.col("id").is_in(known.implode()))["id"])


def chains(assets: pl.LazyFrame, raw: pl.LazyFrame) -> pl.LazyFrame:
    """One row an asset: version (from 1), version_of, is_latest, created_at, updated_at.

    A chain is everything that one source ever had under one path.
    """
    seen = raw.select("item_id", pl.col("observed_at").alias("created_at"))
    told = assets.select(ASSET_COLUMNS).join(seen, on="item_id", how="left").cache()
    row = pl.int_range(pl.len())
    first = pl.when(_begins("source", "path")).then(row).forward_fill()
    numbered = told.sort("source", "path", "sequence", "id").with_columns(
        (row - first + 1).cast(pl.Int32).alias("version"),
        pl.col("id").gather(first).alias("version_of"),
    )
    return numbered.join(_ends(told, raw), on="item_id", how="left").with_columns(
        pl.col("ended_at").is_null().alias("is_latest"),
        pl.coalesce("ended_at", "created_at").alias("updated_at"),
    )


def _ends(told: pl.LazyFrame, raw: pl.LazyFrame) -> pl.LazyFrame:
    """When each item with assets was superseded or deleted: item_id, ended_at (null: latest)."""
    columns = ["item_id", *THING, "sequence"]
    # Members have the item of what they came in, and one row tells of it.
    upserts = told.filter(pl.col("parent_id").is_null()).select(*columns, "created_at")
    deletes = raw.filter(pl.col("op") == "delete")
    deletes = deletes.select(*columns, pl.col("observed_at").alias("created_at"), deleted=True)
    story = pl.concat([upserts.with_columns(deleted=pl.lit(value=False)), deletes])
    ends = _begins(*THING).shift(-1, fill_value=True)  # no row of the same thing follows
    ended = pl.when(~ends).then(pl.col("created_at").shift(-1)).alias("ended_at")
    followed = story.sort(*THING, "sequence").with_columns(ended)
    return followed.filter(~pl.col("deleted")).select("item_id", "ended_at")


def _begins(*columns: str) -> pl.Expr:
    """Whether a sorted row is the first with these values; `over` takes ten times as long."""
    same = [pl.col(name).eq_missing(pl.col(name).shift()) for name in columns]
    return ~pl.all_horizontal(same) | (pl.int_range(pl.len()) == 0)


def _rows(change: pl.DataFrame) -> pl.DataFrame:
    return change.select(
        "id",
        pl.lit("asset").alias("entity_type"),
        "parent_id",
        "version",
        "version_of",
        "is_latest",
        "created_at",
        "updated_at",
        pl.lit({}, dtype=pl.Map(pl.String, pl.String)).alias("metadata"),
    )
