"""What counts today: the analyzer of each media type, and the text of each asset by it."""

from __future__ import annotations

import polars as pl

from dataq_lake.lake import Lake


def readers(lake: Lake) -> pl.DataFrame:
    """Who reads the lake's media types: mime_type, analyzer, analyzer_version."""
    from dataq_analyzers.registry import analyzer_for

    types = lake.table("assets").scan(["mime_type"]).unique().collect()["mime_type"].drop_nulls()
    found = [(name, analyzer_for(name)) for name in types]
    rows = [(name, each.name, each.version) for name, each in found if each is not None]
    schema = {"mime_type": pl.String, "analyzer": pl.String, "analyzer_version": pl.String}
    return pl.DataFrame(rows, schema=schema, orient="row")


def current_texts(lake: Lake) -> pl.LazyFrame:
    """The text that counts of each asset, by today's analyzers: asset_id, text_id."""
    analyses = lake.table("analyses").scan(
        ["content_hash", "analyzer", "analyzer_version", "outcome", "text_id"]
    )
    assets = lake.table("assets").scan(["id", "file_hash", "mime_type"])
    return (
        assets.join(readers(lake).lazy(), on="mime_type")
        .join(
            analyses.filter(pl.col("outcome") == "text"),
            left_on=["file_hash", "analyzer", "analyzer_version"],
            right_on=["content_hash", "analyzer", "analyzer_version"],
        )
        .select(pl.col("id").alias("asset_id"), "text_id")
    )


def current_segments(lake: Lake) -> pl.LazyFrame:
    """The segments of assets that are the latest, by today's analyzers: id, asset_id, text_hash."""
    latest = lake.table("entities").scan(["id", "is_latest"]).filter(pl.col("is_latest"))
    texts = current_texts(lake).join(latest, left_on="asset_id", right_on="id", how="semi")
    segments = lake.table("segments").scan(["id", "asset_id", "text_id", "text_hash"])
    return segments.join(texts, on=["asset_id", "text_id"], how="semi")
