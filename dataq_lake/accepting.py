"""Lets only rows of the table's own columns and types through to a write."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pyarrow as pa

from dataq_lake.errors import WrongSchema
from dataq_lake.schemas import Table
from dataq_lake.sizes import size_of

GATHER_ROWS = 10_000
GATHER_BYTES = 8 << 20


def gathered(batches: Iterable[pa.RecordBatch], table: Table) -> Iterator[pa.RecordBatch]:
    """What `accept` lets through, in batches large enough to pay for a look at the table's keys."""
    waiting: list[pa.RecordBatch] = []
    rows = size = 0
    for batch in batches:
        waiting.append(accept(table, batch))
        rows, size = rows + batch.num_rows, size + size_of(batch)
        if rows >= GATHER_ROWS or size >= GATHER_BYTES:
            yield pa.concat_batches(waiting)
            waiting, rows, size = [], 0, 0
    if rows:
        yield pa.concat_batches(waiting)


def accept(table: Table, batch: pa.RecordBatch) -> pa.RecordBatch:
    """`batch` with exactly the table's schema: columns in any order, types cast where lossless.

    Raises WrongSchema naming the columns that are missing, unknown or of the wrong type.
    """
    if batch.schema.equals(table.schema):
        return batch
    _same_columns(table, batch)
    columns = [_cast(table, field, batch.column(field.name)) for field in table.schema]
    return pa.RecordBatch.from_arrays(columns, schema=table.schema)


def _same_columns(table: Table, batch: pa.RecordBatch) -> None:
    given, wanted = set(batch.schema.names), set(table.schema.names)
    complaints = []
    if missing := sorted(wanted - given):
        complaints.append(f"missing {', '.join(missing)}")
    if unknown := sorted(given - wanted):
        complaints.append(f"unknown {', '.join(unknown)}")
    if len(batch.schema.names) != len(given):
        complaints.append("a column twice")
    if complaints:
        raise WrongSchema(f"rows for table {table.name}: {'; '.join(complaints)}")


def _cast(table: Table, field: pa.Field, column: pa.Array) -> pa.Array:
    if column.type.equals(field.type):
        return column
    try:
        return column.cast(field.type)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise WrongSchema(
            f"rows for table {table.name}: column {field.name} is {column.type}, "
            f"not {field.type}: {error}"
        ) from error
