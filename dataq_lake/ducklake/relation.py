"""The rows of a table's state as SQL that any DuckDB can read, without its catalogue."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby

import pyarrow as pa

from dataq_lake.duckdb_types import duckdb_type
from dataq_lake.ducklake.state import DataFile, State, Stored

LATER = "_ducklake_internal_snapshot_id"
"""In files merged of several versions: the version that brought the row."""


def relation(state: State | None, schema: pa.Schema, number: str | None = None) -> str:
    """A select of the columns of `schema`, in order; those that a file lacks are null.

    With `number` there is a column of that name which counts the rows, also those that are gone:
    file after file, in the order of the state.
    """
    files = state.files if state else ()
    parts = list(_numbered(files, schema, number) if number else _grouped(files, schema))
    if parts:
        return " union all ".join(parts)
    extra = [f'null::bigint as "{number}"'] if number else []
    nulls = ", ".join([*(_null(each) for each in schema), *extra])
    return f"select {nulls} where false"


def _grouped(files: Iterable[DataFile], schema: pa.Schema) -> Iterator[str]:
    """One select for neighbours that are read alike, one for each other file."""
    for alike, group in groupby(files, key=_alike):
        found = list(group)
        if alike is None:
            yield from (_select(file, schema) for file in found)
        else:
            listed = ", ".join(_literal(file.path) for file in found)
            yield f"select {_columns(found[0], schema)} from read_parquet([{listed}])"


def _alike(file: DataFile) -> tuple[str, ...] | None:
    """What neighbours have to share; None for a file that has to be read by itself."""
    return None if file.key or file.gone or file.upto is not None else file.columns


def _numbered(files: Iterable[DataFile], schema: pa.Schema, number: str) -> Iterator[str]:
    start = 0
    for file in files:
        counted = f', (file_row_number + {start})::bigint as "{number}"'
        yield _select(file, schema, counted)
        start += file.rows


def _select(file: DataFile, schema: pa.Schema, more: str = "") -> str:
    limit = f" where {LATER} <= {file.upto}" if file.upto is not None else ""
    gone = ""
    if file.gone is not None:
        early = f" where {LATER} <= {file.gone.upto}" if file.gone.upto is not None else ""
        gone = f" anti join (select pos from {read(file.gone)}{early}) on pos = file_row_number"
    rows = f"from {read(file, numbered=bool(more or gone))}{gone}{limit}"
    return f"select {_columns(file, schema)}{more} {rows}"


def read(file: Stored, numbered: bool = False) -> str:
    """The rows of one file as SQL, with the key that it needs."""
    options = ", file_row_number = true" if numbered else ""
    if file.key:
        options += f", encryption_config = {{footer_key_value: from_base64({_literal(file.key)})}}"
    return f"read_parquet({_literal(file.path)}{options})"


def _columns(file: DataFile, schema: pa.Schema) -> str:
    return ", ".join(
        f'"{each.name}"' if each.name in file.columns else _null(each) for each in schema
    )


def _null(column: pa.Field) -> str:
    return f'cast(null as {duckdb_type(column.type)}) as "{column.name}"'


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
