"""Every distinct text of a segment gets its vector once per model."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import polars as pl
import pyarrow as pa

from dataq_assets.stages.embedding import BATCH_TEXTS, Batch, embed, value_of, weight
from dataq_assets.stages.sent import Sent
from dataq_assets.stages.telling import Tell, silent
from dataq_lake.difference import Difference
from dataq_lake.lake import Lake
from dataq_lake.schemas import TABLES

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from dataq_analyzers.outcome import Done, Failed
    from dataq_analyzers.pool import Pool
    from dataq_lake.indexes.manifest import Model

STAGE = "embeddings"


@dataclass
class Embeddings:
    """One pass over the segments whose text the model has not seen."""

    lake: Lake
    pool: Pool
    model: Model
    run_id: str
    tell: Tell = silent
    _sent: Sent[pa.RecordBatch] = field(default_factory=Sent, init=False)

    def rounds(self) -> Iterator[dict[str, Difference]]:
        """One difference of embeddings; raises CannotEmbed while it is drained."""
        new = pending(self.lake, self.model)
        if new.is_empty():
            return
        yield {"embeddings": Difference(self._made(new["id"]))}

    def _made(self, ids: pl.Series) -> Iterator[pa.RecordBatch]:
        """The rows, as the pool has them ready; the lake commits them when a commit pays."""
        done = 0
        for outcome in self.pool.map(embed, self._batches(ids), size=weight):
            rows = self._rows(self._sent.take(outcome.index), outcome)
            done += rows.num_rows
            yield rows
            self.tell(STAGE, done, len(ids))

    def _batches(self, ids: pl.Series) -> Iterator[Batch]:
        columns = ["id", "text", "text_hash"]
        for rows in self.lake.table("segments").rows(ids, columns):
            for start in range(0, rows.num_rows, BATCH_TEXTS):
                some = rows.slice(start, BATCH_TEXTS)
                self._sent.note(some.select(["id", "text_hash"]))
                yield Batch(self.model.name, some.column("text").to_pylist())

    def _rows(
        self, segments: pa.RecordBatch, outcome: Done[NDArray[np.float32]] | Failed
    ) -> pa.RecordBatch:
        vectors = value_of(self.model.name, outcome)
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


def pending(lake: Lake, model: Model) -> pl.DataFrame:
    """One segment for each text that has no vector of this model: id."""
    have = lake.table("embeddings").scan(["text_hash", "model_name", "model_version"])
    mine = have.filter(
        (pl.col("model_name") == model.name) & (pl.col("model_version") == model.version)
    )
    segments = lake.table("segments").scan(["id", "text_hash"])
    new = segments.join(mine, on="text_hash", how="anti")
    return new.unique("text_hash", keep="first").select("id").collect()
