"""Sketches of texts, made in the pool's workers."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from dataq_analyzers.outcome import Failed
from dataq_assets.stages.relation import Relating
from dataq_assets.stages.shingles import sketch
from dataq_lake.errors import LakeError

BATCH_BYTES = 1 << 20
SCHEMA = {"text_hash": pl.String, "bands": pl.List(pl.Int64)}


def sketches_of(relating: Relating, texts: pl.DataFrame) -> pl.DataFrame:
    """The bands of texts (text_hash, text_id): SCHEMA, no bands for those too short to compare."""
    sent: list[list[str]] = []
    rows: list[tuple[str, list[int]]] = []
    for done in relating.pool.map(sketch, _batches(relating, texts, sent), _size):
        if isinstance(done, Failed):
            raise SketchFailed(f"{len(sent[done.index])} texts were not compared: {done.reason}")
        rows += zip(sent[done.index], done.value, strict=True)
    return pl.DataFrame(rows, schema=SCHEMA, orient="row").sort("text_hash")


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
