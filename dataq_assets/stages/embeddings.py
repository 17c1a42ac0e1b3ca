"""Every distinct text of a segment gets its vector once per model."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from dataq_assets.stages.embedding import BATCH_TEXTS, Batch, embed, value_of, weight
from dataq_assets.stages.reprocessing import outlived
from dataq_assets.stages.sent import Sent
from dataq_assets.stages.telling import Tell, silent
from dataq_lake.difference import Difference
from dataq_lake.hashes import hash64
from dataq_lake.lake import Lake
from dataq_lake.numbered import ROW
from dataq_lake.schemas import TABLES
from dataq_lake.table import BATCH_BYTES

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dataq_analyzers.pool import Pool
    from dataq_assets.stages.ahead import Ahead
    from dataq_lake.indexes.manifest import Model
    from dataq_lake.interface import RowsByNumber
    from dataq_lake.numbered import Numbers

STAGE = "embeddings"
COLUMNS = ("id", "text", "text_hash")


@dataclass
class Embeddings:
    """One pass over the segments whose text the model has not seen."""

    lake: Lake
    pool: Pool
    model: Model
    run_id: str
    tell: Tell = silent
    ahead: Ahead | None = None
    """Has vectors of some of the texts already."""
    _sent: Sent[pa.RecordBatch] = field(default_factory=Sent, init=False)

    def rounds(self) -> Iterator[dict[str, Difference]]:
        """What is outlived goes, what is new comes; raises CannotEmbed while it is drained."""
        yield from outlived(self.lake)
        segments = self.lake.table("segments").numbered()
        new = pending(self.lake, segments, self.model)
        if len(new):
            yield {"embeddings": Difference(self._made(segments, new))}

    def _made(self, segments: RowsByNumber, new: Numbers) -> Iterator[pa.RecordBatch]:
        """The rows, as the pool has them ready; the lake commits them when a commit pays."""
        done = 0
        for rows in self._with_vectors(segments.take(new, COLUMNS, BATCH_BYTES)):
            done += rows.num_rows
            yield rows
            self.tell(STAGE, done, len(new))

    def _with_vectors(self, segments: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        ready = self.ahead.vectors() if self.ahead else {}
        made: list[pa.RecordBatch] = []
        left = self._without_ready(segments, ready, made)
        for outcome in self.pool.map(embed, self._batches(left), size=weight):
            yield from _drained(made)
            rows = self._sent.take(outcome.index)
            yield self._rows(rows, value_of(self.model.name, outcome))
        yield from _drained(made)

    def _without_ready(
        self,
        segments: Iterable[pa.RecordBatch],
        ready: Mapping[str, NDArray[np.float32]],
        made: list[pa.RecordBatch],
    ) -> Iterator[pa.RecordBatch]:
        """The segments whose vectors are still to be made; the rows of the others go to `made`."""
        for rows in segments:
            vectors = [ready.get(each) for each in rows.column("text_hash").to_pylist()]
            have = [vector for vector in vectors if vector is not None]
            if have:
                is_there = pa.array([vector is not None for vector in vectors])
                made.append(self._rows(rows.filter(is_there), np.stack(have)))
                yield rows.filter(pc.invert(is_there))
            else:
                yield rows

    def _batches(self, segments: Iterable[pa.RecordBatch]) -> Iterator[Batch]:
        for rows in segments:
            for start in range(0, rows.num_rows, BATCH_TEXTS):
                some = rows.slice(start, BATCH_TEXTS)
                self._sent.note(some.select(["id", "text_hash"]))
                yield Batch(self.model.name, some.column("text").to_pylist())

    def _rows(self, segments: pa.RecordBatch, vectors: NDArray[np.float32]) -> pa.RecordBatch:
        rows = segments.num_rows
        schema = TABLES["embeddings"].schema
        offsets = pa.array(range(0, vectors.size + 1, vectors.shape[1]), pa.int32())
        columns = {
            "entity_id": segments.column("id"),
            "embedding_type": pa.array(["text"] * rows),
            "model_name": pa.array([self.model.name] * rows),
            "model_version": pa.array([self.model.version] * rows),
            "text_hash": segments.column("text_hash"),
            "vector": pa.ListArray.from_arrays(offsets, pa.array(vectors.ravel())),
            "run_id": pa.array([self.run_id] * rows),
        }
        return pa.RecordBatch.from_arrays([columns[name] for name in schema.names], schema=schema)


def _drained(made: list[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    while made:
        yield made.pop(0)


def pending(lake: Lake, segments: RowsByNumber, model: Model) -> Numbers:
    """The sorted row numbers of one segment for each text that has no vector of this model."""
    vectors = lake.table("embeddings").numbered()
    have = vectors.hashes(["text_hash", "model_name", "model_version"]).filter(
        pl.col("model_name") == hash64(model.name), pl.col("model_version") == hash64(model.version)
    )
    new = segments.hashes(["text_hash"]).join(have, on="text_hash", how="anti")
    return np.sort(new.unique("text_hash", keep="first")[ROW].to_numpy())
