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


def current_segments(lake: Lake, segments: pl.LazyFrame) -> pl.LazyFrame:
    """Those of `segments` (asset_id, text_id, …) that are of the latest assets and their texts."""
    latest = lake.table("entities").scan(["id", "is_latest"]).filter(pl.col("is_latest"))
    texts = current_texts(lake).join(latest, left_on="asset_id", right_on="id", how="semi")
    # An asset has one text that counts, and to join on both columns would take more memory.
    counts = pl.col("text_id") == pl.col("text_id_right")
    return segments.join(texts, on="asset_id").filter(counts).drop("text_id_right")
