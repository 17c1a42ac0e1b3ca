"""What the search index lacks and what it still has of the past."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import polars as pl
import pyarrow as pa

from dataq_assets.stages.hashed import current
from dataq_assets.stages.rewritten import rewritten
from dataq_assets.stages.withheld import without_withheld
from dataq_lake.indexes.documents import Publication
from dataq_lake.indexes.shown import SHOWN
from dataq_lake.lake import Lake
from dataq_lake.numbered import ROW
from dataq_lake.table import BATCH_BYTES

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from dataq_assets.stages.withheld import Judge
    from dataq_lake.indexes.documents import Embed
    from dataq_lake.indexes.manifest import Model
    from dataq_lake.interface import RowsByNumber
    from dataq_lake.numbered import Numbers

TEXT_BYTES = 16 << 20
VECTOR = "vector_row"
BEHIND = ("assets", "entities", "texts", "segments", "embeddings")
SEGMENTS_FROM = ("assets", "entities", "analyses", "texts", "segments")
KEY = "gap"

Basis = tuple[str | int | None, ...]
"""The current snapshot, and the versions of SEGMENTS_FROM."""


@dataclass(frozen=True)
class Gap:
    """The difference between the published segments and those that are current."""

    segments: RowsByNumber
    new: Numbers
    """The sorted numbers of rows of `segments`: there may be millions, of which none has its id."""
    gone: list[str]
    basis: Basis
    """What it was found in."""


class EarlyGap:
    """A gap that is looked for in a thread, while something else is waited for."""

    def __init__(self, lake: Lake, model: Model) -> None:
        self._thread = ThreadPoolExecutor(1, "gap")
        self._found = self._thread.submit(gap, lake, model)

    def result(self) -> Gap:
        """The gap; raises what looking for it raised."""
        return self._found.result()

    def close(self) -> None:
        """Look for nothing more."""
        self._thread.shutdown(wait=False, cancel_futures=True)


def gap(lake: Lake, model: Model) -> Gap:
    """What the index of `model` lacks, and what it has too much."""
    from dataq_lake.indexes.publish import indexed_segments

    basis = _basis(lake)
    segments = lake.table("segments").numbered()
    indexed = pl.DataFrame({"segment_id": indexed_segments(lake, model)})
    have = indexed.with_columns(pl.col("segment_id").hash().alias("id"))
    want = current(lake, segments)
    past = rewritten(lake).select(pl.col("id").hash())
    same = have if past.is_empty() else have.join(past, on="id", how="anti")
    new = want.join(same, on="id", how="anti")
    stay = want if past.is_empty() else want.join(new, on="id", how="anti")
    gone = have.join(stay, on="id", how="anti")["segment_id"].to_list()
    return Gap(segments, new[ROW].sort().to_numpy(), gone, basis)


def publication(
    lake: Lake,
    model: Model,
    embed: Embed | None = None,
    early: EarlyGap | None = None,
    judge: Judge | None = None,
) -> Publication:
    """The difference between the published segments and those that are current.

    What was found `early` counts if the index and all that it is of are still the same. What breaks
    a blocking check, by the verdicts of `judge` where there is one, is withheld from what is new.
    """
    found = _found(early) if early else None
    if found is None or found.basis != _basis(lake):
        found = gap(lake, model)
    new, withheld = without_withheld(lake, found.segments, found.new, judge)
    found = replace(found, new=new)
    versions = {name: lake.table(name).version() for name in BEHIND}
    embeddings = lake.table("embeddings").numbered()
    return Publication(
        model=model,
        new=documents(lake, found, embeddings, model),
        gone=found.gone,
        tables={name: version for name, version in versions.items() if version is not None},
        embed=embed,
        vectors=partial(_vectors, embeddings),
        withheld=withheld,
    )


def _found(early: EarlyGap) -> Gap:
    with closing(early):
        return early.result()


def _basis(lake: Lake) -> Basis:
    from dataq_lake.indexes.folder import indexes_in

    latest = indexes_in(lake.root).latest()
    return (latest.id if latest else None, *(lake.table(name).version() for name in SEGMENTS_FROM))


def documents(
    lake: Lake, found: Gap, embeddings: RowsByNumber, model: Model
) -> Iterator[pa.RecordBatch]:
    """The new segments with all that a hit shows of them, a bounded batch at a time.

    The column VECTOR has the row number of each one's vector in `embeddings`.
    """
    if not len(found.new):
        return
    assets = lake.table("assets").scan(["id", "source", "path", "mime_type", "timestamp"])
    texts = lake.table("texts").scan(["id", "title", "language"])
    pairs = _pairs(found, embeddings, model)
    columns = ["id", "asset_id", "text_id", "text"]
    start = 0
    for batch in found.segments.take(pairs[ROW].to_numpy(), columns, TEXT_BYTES):
        mine = pairs[VECTOR].slice(start, batch.num_rows)
        start += batch.num_rows
        yield from _shown(pl.DataFrame(batch).with_columns(mine), assets, texts)


def _pairs(found: Gap, embeddings: RowsByNumber, model: Model) -> pl.DataFrame:
    """The row number of each new segment and that of its text's vector, in order of segments."""
    mine = (pl.col("model_name") == model.name) & (pl.col("model_version") == model.version)
    known = embeddings.scan(["text_hash", "model_name", "model_version"]).filter(mine)
    return (
        found.segments.scan(["text_hash"])
        .join(pl.LazyFrame({ROW: found.new}), on=ROW, how="semi")
        .join(known.select("text_hash", pl.col(ROW).alias(VECTOR)), on="text_hash")
        .select(ROW, VECTOR)
        .unique(ROW)  # two runs at once may both have embedded a text
        .collect(engine="streaming")
        .sort(ROW)
    )


def _shown(
    segments: pl.DataFrame, assets: pl.LazyFrame, texts: pl.LazyFrame
) -> Iterator[pa.RecordBatch]:
    shown = (
        segments.lazy()
        .rename({"id": "segment_id"})
        .join(assets, left_on="asset_id", right_on="id")
        .join(texts, left_on="text_id", right_on="id", how="left")
        .select("segment_id", *SHOWN.names, VECTOR)
        .collect()
    )
    yield from shown.to_arrow().to_batches()


def _vectors(embeddings: RowsByNumber, batch: pa.RecordBatch) -> NDArray[np.float32]:
    """The vectors (n, dimensions) of a batch of `documents`."""
    import numpy as np

    numbers = batch.column(VECTOR).to_numpy()
    rows, places = np.unique(numbers, return_inverse=True)
    taken = [found["vector"] for found in embeddings.take(rows, ["vector"], BATCH_BYTES)]
    flat = np.concatenate([vectors.flatten().to_numpy() for vectors in taken])
    found: NDArray[np.float32] = flat.reshape(len(rows), -1)[places]
    return found
