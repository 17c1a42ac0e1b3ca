"""Every distinct text of a segment gets its vector once per model."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl
import pyarrow as pa

from dataq_lake.difference import Difference
from dataq_lake.lake import Lake
from dataq_lake.schemas import TABLES

if TYPE_CHECKING:
    from dataq_lake.embedders.interface import Embedder


@dataclass(frozen=True)
class Embeddings:
    """One pass over the segments whose text the model has not seen."""

    lake: Lake
    embedder: Embedder
    run_id: str

    def rounds(self) -> Iterator[dict[str, Difference]]:
        """Differences of embeddings."""
        new = pending(self.lake, self.embedder.name, self.embedder.version)
        if new.is_empty():
            return
        columns = ["id", "text", "text_hash"]
        for batch in self.lake.table("segments").rows(new["id"], columns):
            yield {"embeddings": Difference([self._vectors(batch)])}

    def _vectors(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        vectors = self.embedder.embed(batch.column("text").to_pylist())
        rows = batch.num_rows
        schema = TABLES["embeddings"].schema
        offsets = pa.array(range(0, vectors.size + 1, vectors.shape[1]), pa.int32())
        columns = {
            "entity_id": batch.column("id"),
            "embedding_type": pa.array(["text"] * rows),
            "model_name": pa.array([self.embedder.name] * rows),
            "model_version": pa.array([self.embedder.version] * rows),
            "text_hash": batch.column("text_hash"),
            "vector": pa.ListArray.from_arrays(offsets, pa.array(vectors.ravel())),
            "run_id": pa.array([self.run_id] * rows),
        }
        return pa.RecordBatch.from_arrays([columns[name] for name in schema.names], schema=schema)


def pending(lake: Lake, model: str, version: str) -> pl.DataFrame:
    """One segment for each text that has no vector of this model: id."""
    have = lake.table("embeddings").scan(["text_hash", "model_name", "model_version"])
    mine = have.filter((pl.col("model_name") == model) & (pl.col("model_version") == version))
    segments = lake.table("segments").scan(["id", "text_hash"])
    new = segments.join(mine, on="text_hash", how="anti")
    return new.unique("text_hash", keep="first").select("id").collect()
