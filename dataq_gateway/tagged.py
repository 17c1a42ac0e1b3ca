"""Reads tags and collections, for people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

if TYPE_CHECKING:
    from dataq_lake.lake import Lake

MOST = 50


def counted(lake: Lake, tag: str | None, method: str | None) -> list[dict[str, Any]]:
    """Every tag, by how many have it: tag, count, methods."""
    with lake.reading():
        found = (
            _tags(lake, tag, method)
            .group_by("tag")
            .agg(
                pl.col("entity_id").n_unique().alias("count"),
                pl.col("method").unique().sort().str.join(", ").alias("methods"),
            )
        )
        return found.sort(["count", "tag"], descending=[True, False]).collect().to_dicts()


def tags_of(lake: Lake, id_: str, tag: str | None, method: str | None) -> list[dict[str, Any]]:
    """The tags of what `id_` or its first digits name, with who says so.

    Raises UnknownId, FixTheCall where several begin so.
    """
    from dataq_lake.tagging import entity_and_thing

    entity, _ = entity_and_thing(lake, id_)
    with lake.reading():
        rows = _tags(lake, tag, method).filter(pl.col("entity_id") == entity)
        found = rows.drop("id", "run_id").sort("tag", "method").collect().to_dicts()
    return [{**row, "metadata": _plain(row["metadata"])} for row in found]


def collections(lake: Lake, most: int | None = MOST) -> list[dict[str, Any]]:
    """The collections, the largest first; all if `most` is None."""
    columns = ["id", "size", "name", "name_method", "created_at", "updated_at"]
    with lake.reading():
        rows = lake.table("collections").scan(columns).collect()
    ordered = rows.sort(["size", "id"], descending=[True, False])
    return (ordered if most is None else ordered.head(most)).to_dicts()


def members(lake: Lake, collection_id: str) -> list[dict[str, Any]]:
    """The members of a collection, the nearest to its middle first."""
    with lake.reading():
        mine = (
            lake.table("collection_members").scan().filter(pl.col("collection_id") == collection_id)
        )
        paths = lake.table("assets").scan(["id", "source", "path"])
        named = mine.join(paths, left_on="asset_id", right_on="id", how="left")
        told = named.select("asset_id", "strength", "is_core", "since", "source", "path").collect()
    ordered = told.sort(["strength", "path", "asset_id"], descending=[True, False, False])
    return ordered.to_dicts()


def _tags(lake: Lake, tag: str | None, method: str | None) -> pl.LazyFrame:
    rows = lake.table("tags").scan()
    if tag:
        rows = rows.filter(pl.col("tag").str.contains(f"(?i)^{_pattern(tag)}$"))
    return rows.filter(pl.col("method") == method) if method else rows


def _pattern(glob: str) -> str:
    """A glob of * and ? as the expression of Rust."""
    from re import escape

    return escape(glob).replace(r"\*", ".*").replace(r"\?", ".")


def _plain(metadata: Any) -> dict[str, str]:
    """A map as Polars reads it, of either engine."""
    if isinstance(metadata, list):
        return {each["key"]: each["value"] for each in metadata}
    return dict(metadata or {})
