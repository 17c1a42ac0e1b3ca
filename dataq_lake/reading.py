"""Reads the Parquet files of a snapshot: lazily whole, or as a bounded stream."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from dataq_lake.errors import ContentDamaged, FixTheCall
from dataq_lake.location import Location, readable
from dataq_lake.lost_files import lost_at
from dataq_lake.objects.path import ObjectPath
from dataq_lake.schemas import Table
from dataq_lake.sizes import slices

if TYPE_CHECKING:
    from numpy.typing import NDArray

UNFINISHED_SECONDS = 86_400


@cache
def polars_schema(schema: pa.Schema) -> pl.Schema:
    """The Polars types of an Arrow schema."""
    return pl.DataFrame(schema.empty_table()).schema


def scan(table: Table, files: Sequence[Location], file_column: str | None = None) -> pl.LazyFrame:
    """The rows of `files`, lazily; columns that an old file lacks are null."""
    schema = polars_schema(table.schema)
    if not files:
        extra = {file_column: pl.String} if file_column else {}
        return pl.LazyFrame(schema={**schema, **extra})
    return pl.scan_parquet(
        **_source(files),
        schema=schema,
        glob=False,
        hive_partitioning=False,
        missing_columns="insert",
        extra_columns="ignore",
        include_file_paths=file_column,
    )


def _source(files: Sequence[Location]) -> dict[str, Any]:
    """How Polars finds the files, all of them in one place."""
    if isinstance(files[0], ObjectPath):
        from dataq_lake.objects.store import polars_options

        return {"source": [str(file) for file in files], "storage_options": polars_options()}
    return {"source": files}


def row_groups(file: Location, numbers: NDArray[np.int64], schema: pa.Schema) -> Iterator[pa.Table]:
    """The rows of `file` at these sorted numbers, a row group at a time; others are not read."""
    with _opened(file) as parquet:
        present = _present(parquet, schema)
        start = 0
        for group in range(parquet.num_row_groups):
            end = start + parquet.metadata.row_group(group).num_rows
            low, high = np.searchsorted(numbers, (start, end))
            if low < high:
                some = parquet.read_row_group(group, columns=present)
                whole = high - low == end - start
                yield some if whole else some.take(pa.array(numbers[low:high] - start))
            start = end


def row_count(file: Location) -> int:
    """How many rows `file` has; raises ContentLost, VersionGone."""
    with _opened(file) as parquet:
        return int(parquet.metadata.num_rows)


def batches(
    table: Table,
    files: Sequence[Location],
    columns: Iterable[str] | None,
    batch_bytes: int,
    only: tuple[str, pa.Array] | None = None,
    version: int | None = None,
) -> Iterator[pa.RecordBatch]:
    """The rows of `files`, or those with a column in given values, a row group at a time.

    Raises ContentLost, or VersionGone where the files are those of an old `version`.
    """
    schema = chosen(table, columns)
    for file in files:
        with _opened(file, version) as parquet:
            present = _present(parquet, schema)
            for group in range(parquet.num_row_groups):
                yield from cut(_matching(parquet, group, present, only), schema, batch_bytes)


def stored(files: Sequence[Location], batch_bytes: int) -> Iterator[pa.RecordBatch]:
    """The rows of `files` with the columns that each of them has, a row group at a time."""
    for file in files:
        with _opened(file) as parquet:
            for group in range(parquet.num_row_groups):
                for batch in parquet.read_row_group(group).to_batches():
                    yield from (piece for piece, _ in slices(batch, batch_bytes))


def _present(parquet: pq.ParquetFile, schema: pa.Schema) -> list[str]:
    stored = set(parquet.schema_arrow.names)
    return [name for name in schema.names if name in stored]


def cut(found: pa.Table, schema: pa.Schema, batch_bytes: int) -> Iterator[pa.RecordBatch]:
    """`found` in the columns of `schema`, in batches bounded by bytes."""
    for batch in conform(found, schema).to_batches():
        yield from (piece for piece, _ in slices(batch, batch_bytes))


def _matching(
    parquet: pq.ParquetFile, group: int, columns: list[str], only: tuple[str, pa.Array] | None
) -> pa.Table:
    """The rows of one row group whose column `only` names has one of its values."""
    if only is None:
        return parquet.read_row_group(group, columns=columns)
    import pyarrow.compute as pc

    name, values = only
    mask = pc.is_in(parquet.read_row_group(group, columns=[name]).column(0), value_set=values)
    if not pc.any(mask).as_py():
        return parquet.schema_arrow.empty_table().select(columns)
    found = parquet.read_row_group(group, columns=columns)
    return found if pc.all(mask).as_py() else found.filter(mask)


def values(files: Sequence[Location], columns: list[str]) -> Iterator[list[str | None]]:
    """The values of text columns, a row group and column at a time; raises ContentDamaged.

    A file without an end that changed within the last day is being written, so it is left out;
    one that vanishes meanwhile was not needed.
    """
    for file in files:
        try:
            with pq.ParquetFile(readable(file)) as parquet:
                present = [name for name in columns if name in parquet.schema_arrow.names]
                for group in range(parquet.num_row_groups):
                    read = parquet.read_row_group(group, columns=present)
                    yield from (column.unique().to_pylist() for column in read.columns)
        except FileNotFoundError:
            continue
        except pa.ArrowInvalid as error:
            if time.time() - file.stat().st_mtime > UNFINISHED_SECONDS:
                raise ContentDamaged(f"{file} is no Parquet file: {error}") from error


def conform(rows: pa.Table, schema: pa.Schema) -> pa.Table:
    """`rows` in the columns and types of `schema`; what is missing is null."""
    columns = [
        rows.column(field.name).cast(field.type)
        if field.name in rows.column_names
        else pa.nulls(rows.num_rows, field.type)
        for field in schema
    ]
    return pa.table(columns, schema=schema)


def chosen(table: Table, columns: Iterable[str] | None) -> pa.Schema:
    """The part of the table's schema that `columns` names, in their order."""
    if columns is None:
        return table.schema
    names = list(columns)
    unknown = [name for name in names if name not in table.schema.names]
    if unknown:
        raise FixTheCall(
            f"table {table.name} has no column {', '.join(unknown)}: it has "
            f"{', '.join(table.schema.names)}"
        )
    return pa.schema([table.schema.field(name) for name in names])


@contextmanager
def _opened(file: Location, version: int | None = None) -> Iterator[pq.ParquetFile]:
    """The file, to read; an object may go while it is read, and not only before."""
    try:
        if isinstance(file, ObjectPath):
            yield pq.ParquetFile(file.open(), pre_buffer=True)
        else:
            yield pq.ParquetFile(file, memory_map=True)
    except FileNotFoundError as error:
        raise lost_at(file, version) from error
