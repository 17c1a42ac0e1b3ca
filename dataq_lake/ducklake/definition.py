"""A table's definition in a DuckLake: made with the first write, extended by a newer DataQ."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pyarrow as pa

from dataq_lake.duckdb_types import duckdb_type
from dataq_lake.ducklake.session import LAKE
from dataq_lake.schemas import Table

if TYPE_CHECKING:
    import duckdb

    from dataq_lake.ducklake.state import State


def columns_of(schema: pa.Schema) -> str:
    """The columns for a statement that makes a table."""
    return ", ".join(f'"{each.name}" {duckdb_type(each.type)}' for each in schema)


def in_lake(table: Table) -> str:
    """The table's name in SQL."""
    return f'{LAKE}.main."{table.name}"'


def create(cursor: duckdb.DuckDBPyConnection, table: Table) -> None:
    """Makes the table, empty."""
    cursor.execute(f"create table {in_lake(table)} ({columns_of(table.schema)})")


def extend(cursor: duckdb.DuckDBPyConnection, table: Table, state: State) -> None:
    """Adds the columns that the stored table lacks; their values are null in older rows."""
    for each in table.schema:
        if each.name not in state.columns:
            kind = duckdb_type(each.type)
            cursor.execute(f'alter table {in_lake(table)} add column "{each.name}" {kind}')


def note(cursor: duckdb.DuckDBPyConnection, table: Table, commit_id: str) -> None:
    """Writes the table's comment, which no two transactions may do side by side."""
    text = json.dumps({"schema_version": table.version, "commit_id": commit_id})
    cursor.execute(f"comment on table {in_lake(table)} is '{text}'")
