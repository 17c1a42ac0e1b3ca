"""What the search index lacks and what it still has of the past."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import polars as pl
import pyarrow as pa

from dataq_assets.stages.current import current_segments
from dataq_lake.indexes.documents import DOCUMENTS, Publication
from dataq_lake.lake import Lake

if TYPE_CHECKING:
    from dataq_lake.indexes.documents import Embed
    from dataq_lake.indexes.manifest import Model

BEHIND = ("assets", "entities", "texts", "segments", "embeddings")


def publication(lake: Lake, model: Model, embed: Embed | None = None) -> Publication:
    """The difference between the published segments and those that are current."""
    from dataq_lake.indexes.publish import indexed_segments

    have = pl.DataFrame({"id": indexed_segments(lake, model)})
    want = current_segments(lake).select("id").collect()
    new = want.join(have, on="id", how="anti")
    gone = have.join(want, on="id", how="anti")
    versions = {name: lake.table(name).version() for name in BEHIND}
    return Publication(
        model=model,
        new=documents(lake, new, model),
        gone=gone["id"].to_list(),
        tables={name: version for name, version in versions.items() if version is not None},
        embed=embed,
    )


def documents(lake: Lake, new: pl.DataFrame, model: Model) -> Iterator[pa.RecordBatch]:
    """The segments with all that a hit shows of them, a bounded batch at a time."""
    if new.is_empty():
        return
    assets = lake.table("assets").scan(["id", "source", "path", "mime_type", "timestamp"])
    texts = lake.table("texts").scan(["id", "title"])
    columns = ["id", "asset_id", "text_id", "text", "text_hash"]
    for batch in lake.table("segments").rows(new["id"], columns):
        segments = pl.DataFrame(batch)
        yield from _shown(lake, segments, assets, texts, model)


def _shown(
    lake: Lake,
    segments: pl.DataFrame,
    assets: pl.LazyFrame,
    texts: pl.LazyFrame,
    model: Model,
) -> Iterator[pa.RecordBatch]:
    shown = (
        segments.lazy()
        .rename({"id": "segment_id"})
        .join(assets, left_on="asset_id", right_on="id")
        .join(texts, left_on="text_id", right_on="id", how="left")
        .join(_vectors(lake, segments["text_hash"], model), on="text_hash")
        .select(DOCUMENTS.names)
        .collect()
    )
    yield from shown.to_arrow().to_batches()


def _vectors(lake: Lake, hashes: pl.Series, model: Model) -> pl.LazyFrame:
    """The model's vectors of these texts: text_hash, vector."""
    handle = lake.table("embeddings")
    columns = ["text_hash", "vector", "model_name", "model_version"]
    found = handle.rows(hashes, columns, by="text_hash")
    schema = pa.schema([handle.table.schema.field(name) for name in columns])
    return (
        pl.LazyFrame(pa.Table.from_batches(found, schema=schema))
        .filter(pl.col("model_name") == model.name, pl.col("model_version") == model.version)
        .select("text_hash", "vector")
    )
