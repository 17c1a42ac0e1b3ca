"""Writes a stream of record batches as text or Parquet, a batch at a time."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from typing import IO, TYPE_CHECKING, Any

from dataq_gateway.errors import CommandFailed
from dataq_gateway.output import columns, dumps, plain

if TYPE_CHECKING:
    import pyarrow as pa

TABLE_ROWS = 1_000


def records(result: pa.RecordBatchReader) -> Iterator[dict[str, Any]]:
    """Each row as an object; maps become objects too. Raises CommandFailed with DuckDB's words."""
    for batch in batches(result):
        yield from batch.to_pylist(maps_as_pydicts="lossy")


def batches(result: pa.RecordBatchReader) -> Iterator[pa.RecordBatch]:
    """The batches of `result`; a query may still fail while it is read."""
    while True:
        try:
            yield result.read_next_batch()
        except StopIteration:
            return
        except OSError as error:  # how Arrow passes on an error of the engine behind it
            raise CommandFailed(f"the query failed: {error}") from None


def write_json(result: pa.RecordBatchReader, stream: IO[str]) -> None:
    """A JSON array, one object a line."""
    lead = "["
    for row in records(result):
        stream.write(f"{lead}{dumps(row, indent=None)}")
        lead = ",\n "
    stream.write("[]\n" if lead == "[" else "]\n")


def write_jsonl(result: pa.RecordBatchReader, stream: IO[str]) -> None:
    """One object a line."""
    for row in records(result):
        stream.write(f"{dumps(row, indent=None)}\n")


def write_csv(result: pa.RecordBatchReader, stream: IO[str]) -> None:
    """CSV with a header; nested values as JSON, nulls empty."""
    out = csv.writer(stream, lineterminator="\n")
    out.writerow(result.schema.names)
    for row in records(result):
        out.writerow([cell(value) for value in row.values()])


def write_plain(result: pa.RecordBatchReader, stream: IO[str]) -> None:
    """Values between tabs without a header, for shell scripts."""
    for row in records(result):
        fields = (str(cell(value)) for value in row.values())
        stream.write("\t".join(" ".join(each.split()) for each in fields) + "\n")


def write_table(result: pa.RecordBatchReader, stream: IO[str]) -> None:
    """Aligned columns, at most a thousand rows."""
    shown: list[list[Any]] = []
    more = False
    for row in records(result):
        if len(shown) == TABLE_ROWS:
            more = True
            break
        shown.append(list(row.values()))
    numeric = {field.name for field in result.schema if is_number(field.type)}
    stream.write(columns(result.schema.names, shown, right=numeric) + "\n")
    if more:
        stream.write(f"(only the first {TABLE_ROWS:,} rows: --format csv prints all)\n")


def is_number(kind: pa.DataType) -> bool:
    """Whether a column of this type reads better aligned to the right."""
    from pyarrow import types

    return bool(types.is_integer(kind) or types.is_floating(kind) or types.is_decimal(kind))


def cell(value: Any) -> Any:
    """`value` as one cell of CSV."""
    value = plain(value)
    if value is None:
        return ""
    return dumps(value, indent=None) if isinstance(value, dict | list) else value


def write_parquet(result: pa.RecordBatchReader, stream: IO[bytes]) -> None:
    """A Parquet file."""
    import pyarrow.parquet as pq

    with pq.ParquetWriter(stream, result.schema, compression="zstd") as writer:
        for batch in batches(result):
            writer.write_batch(batch)


WRITERS: dict[str, Callable[[pa.RecordBatchReader, IO[str]], None]] = {
    "json": write_json,
    "jsonl": write_jsonl,
    "csv": write_csv,
    "plain": write_plain,
    "table": write_table,
}
