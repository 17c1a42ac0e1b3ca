"""What the search index lacks and what it still has of the past."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import polars as pl
import pyarrow as pa

from dataq_assets.stages.current import current_segments
from dataq_lake.indexes.documents import DOCUMENTS, Publication
from dataq_lake.lake import Lake
from dataq_lake.numbered import ROW
from dataq_lake.table import BATCH_BYTES

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from dataq_lake.indexes.documents import Embed
    from dataq_lake.indexes.manifest import Model
    from dataq_lake.interface import RowsByNumber

TEXT_BYTES = 16 << 20
BEHIND = ("assets", "entities", "texts", "segments", "embeddings")


def publication(lake: Lake, model: Model, embed: Embed | None = None) -> Publication:
    """The difference between the published segments and those that are current."""
    from dataq_lake.indexes.publish import indexed_segments

    have = pl.DataFrame({"id": indexed_segments(lake, model)})
    want = current_segments(lake).select("id").collect(engine="streaming")
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
    segments = lake.table("segments").numbered()
    vectors = lake.table("embeddings").numbered()
    found = _pairs(segments, vectors, new, model)
    del new  # millions of ids, where four bytes each will do from here on
    columns = ["id", "asset_id", "text_id", "text"]
    start = 0
    for batch in segments.take(found["segment"].to_numpy(), columns, TEXT_BYTES):
        mine = found["vector"].slice(start, batch.num_rows).to_numpy()
        start += batch.num_rows
        yield from _shown(pl.DataFrame(batch), _taken(vectors, mine), assets, texts)


def _pairs(
    segments: RowsByNumber, vectors: RowsByNumber, new: pl.DataFrame, model: Model
) -> pl.DataFrame:
    """The row number of each new segment and that of its text's vector, in order of segments."""
    mine = (pl.col("model_name") == model.name) & (pl.col("model_version") == model.version)
    known = vectors.scan(["text_hash", "model_name", "model_version"]).filter(mine)
    return (
        segments.scan(["id", "text_hash"])
        .join(new.lazy(), on="id", how="semi")
        .select("text_hash", pl.col(ROW).alias("segment"))
        .join(known.select("text_hash", pl.col(ROW).alias("vector")), on="text_hash")
        .unique("segment")  # two runs at once may both have embedded a text
        .select("segment", "vector")
        .collect(engine="streaming")
        .sort("segment")
    )


def _taken(vectors: RowsByNumber, numbers: NDArray[np.uint32]) -> pl.Series:
    """The vectors of these rows, in the order and as often as they are asked for."""
    import numpy as np

    rows, places = np.unique(numbers, return_inverse=True)
    batches = [pl.DataFrame(batch) for batch in vectors.take(rows, ["vector"], BATCH_BYTES)]
    return pl.concat(batches)["vector"].gather(places)


def _shown(
    segments: pl.DataFrame, vectors: pl.Series, assets: pl.LazyFrame, texts: pl.LazyFrame
) -> Iterator[pa.RecordBatch]:
    shown = (
        segments.with_columns(vectors)
        .lazy()
        .rename({"id": "segment_id"})
        .join(assets, left_on="asset_id", right_on="id")
        .join(texts, left_on="text_id", right_on="id", how="left")
        .select(DOCUMENTS.names)
        .collect()
    )
    yield from shown.to_arrow().to_batches()
