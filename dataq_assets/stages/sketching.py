"""Sketches of texts, made in the pool's workers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import polars as pl

from dataq_analyzers.outcome import Failed
from dataq_assets.stages.relation import Relating
from dataq_assets.stages.shingles import sketch
from dataq_lake.errors import LakeError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

BATCH_BYTES = 1 << 20
SCHEMA: dict[str, pl.DataType] = {"text_hash": pl.String(), "bands": pl.List(pl.Int64())}


def sketches_of(relating: Relating, texts: pl.DataFrame) -> pl.DataFrame:
    """The bands of texts (text_hash, text_id): SCHEMA, none of those too short to compare.

    Raises SketchFailed.
    """
    sent: list[list[str]] = []
    made = [pl.DataFrame(schema=SCHEMA)]
    for done in relating.pool.map(sketch, _batches(relating, texts, sent), _size):
        if isinstance(done, Failed):
            raise SketchFailed(f"{len(sent[done.index])} texts were not compared: {done.reason}")
        made.append(_rows(sent[done.index], done.value))
    return pl.concat(made).sort("text_hash")


def _rows(hashes: list[str], bands: NDArray[np.int64]) -> pl.DataFrame:
    compared = pl.Series(bands.any(axis=1))
    lists = pl.Series(bands).arr.to_list()
    rows = pl.DataFrame({"text_hash": hashes, "bands": lists})
    none = pl.lit([], dtype=SCHEMA["bands"])
    return rows.with_columns(pl.when(compared).then("bands").otherwise(none).alias("bands"))


class SketchFailed(LakeError):
    """A worker could not make the sketches of some texts."""


def _batches(relating: Relating, texts: pl.DataFrame, sent: list[list[str]]) -> Iterator[list[str]]:
    if texts.is_empty():
        return
    handle = relating.lake.table("texts")
    for batch in handle.rows(texts["text_id"], ["text_hash", "text"], BATCH_BYTES):
        sent.append(batch.column("text_hash").to_pylist())
        yield batch.column("text").to_pylist()


def _size(texts: list[str]) -> int:
    return sum(map(len, texts))
