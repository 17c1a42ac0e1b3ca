"""Rows to record batches in a table's own columns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import polars as pl
import pyarrow as pa

from dataq_lake.schemas import TABLES

ROUND_ROWS = 10_000


def batch_of(table: str, rows: Sequence[Mapping[str, Any]]) -> pa.RecordBatch:
    """`rows` in the schema of `table`; what a row lacks is null."""
    schema = TABLES[table].schema
    columns = [pa.array([row.get(field.name) for row in rows], field.type) for field in schema]
    return pa.RecordBatch.from_arrays(columns, schema=schema)


def batches_of(table: str, frame: pl.DataFrame) -> Iterator[pa.RecordBatch]:
    """`frame` in the schema of `table`, a bounded batch at a time; missing columns are null."""
    schema = TABLES[table].schema
    for piece in frame.iter_slices(ROUND_ROWS):
        rows = piece.to_arrow()
        columns = [
            rows.column(field.name).cast(field.type)
            if field.name in rows.column_names
            else pa.nulls(rows.num_rows, field.type)
            for field in schema
        ]
        yield from pa.table(columns, schema=schema).to_batches()


def chunked(rows: Iterable[Any], size: int = ROUND_ROWS) -> Iterator[list[Any]]:
    """Lists of at most `size` elements."""
    piece: list[Any] = []
    for row in rows:
        piece.append(row)
        if len(piece) >= size:
            yield piece
            piece = []
    if piece:
        yield piece
