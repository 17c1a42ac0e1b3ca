"""SQL over the lake for anybody: DuckDB with a view a table, reading the lake and no more."""

from __future__ import annotations

import re
import uuid
from datetime import datetime
from typing import TYPE_CHECKING

from dataq_lake.errors import FixTheCall, LakeError, UnknownTable
from dataq_lake.lake import Lake
from dataq_lake.views import Views, quoted

if TYPE_CHECKING:
    import duckdb

# Questions about the tables themselves need every view, not only those that are named.
_CATALOGUE = re.compile(r"\b(show|information_schema|duckdb_\w+|pg_\w+|sqlite_master)\b", re.I)
_EXPLAIN = re.compile(r"\s*explain\s+(analyze\s+)?(\(.*?\)\s*)?", re.I | re.S)


def connect(lake: Lake, as_of: datetime | str | None = None) -> duckdb.DuckDBPyConnection:
    """A DuckDB connection with a view for every table, as it is now or was at `as_of`.

    `raw` is all sources together, `texts` has an asset_id, `entities` includes the segments. The
    connection reads files of the lake's tables only; text from strangers goes through `query`,
    which also refuses statements that write.
    """
    connection = _connection(lake)
    Views(lake.at(as_of), connection).add_all()
    return connection


def query(
    lake: Lake, text: str, as_of: datetime | str | None = None
) -> duckdb.DuckDBPyRelation | duckdb.DuckDBPyConnection:
    """The result of `text`, one or more statements that only read; fetch from it as in DuckDB.

    Raises FixTheCall with DuckDB's message, UnknownTable with the names of the tables.
    """
    import duckdb

    connection = _connection(lake)
    views = Views(lake.at(as_of), connection)
    _only_reads(connection, text)
    if _CATALOGUE.search(text):
        views.add_all()
    else:
        views.add_named(set(re.findall(r"[a-z][a-z0-9_]*", text.lower())))
    try:
        try:
            return connection.execute(text)
        except duckdb.CatalogException:
            views.add_all()
            return connection.execute(text)
    except duckdb.CatalogException as error:
        raise _unknown(lake, error) from error
    except duckdb.Error as error:
        raise FixTheCall(str(error)) from error


def _connection(lake: Lake) -> duckdb.DuckDBPyConnection:
    """A connection that can read below the lake's tables, and cannot be told otherwise."""
    import duckdb

    connection = duckdb.connect(
        ":memory:",
        config={
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            "python_enable_replacements": "false",
            "allow_community_extensions": "false",
        },
    )
    folder = quoted(f"{lake.root / 'tables'}/")
    # large sorts spill: below the lake, where nobody else may look, and apart from other processes
    spill = quoted(str(lake.root / "tmp" / uuid.uuid4().hex))
    connection.execute(
        f"set TimeZone = 'UTC'; set temp_directory = {spill}; "
        f"set allowed_directories = [{folder}]; "
        "set enable_external_access = false; set lock_configuration = true"
    )
    return connection


def _only_reads(connection: duckdb.DuckDBPyConnection, text: str) -> None:
    """Refuses what is not a question: COPY could write into the lake's own folder."""
    import duckdb

    try:
        statements = connection.extract_statements(text)
    except duckdb.Error as error:
        raise FixTheCall(str(error)) from error
    if not statements:
        raise FixTheCall("no SQL given")
    for statement in statements:
        if statement.type == duckdb.StatementType.EXPLAIN:
            _only_reads(connection, _EXPLAIN.sub("", statement.query, count=1))
        elif statement.type != duckdb.StatementType.SELECT:
            kind = statement.type.name
            raise FixTheCall(
                f"{kind} is not allowed: SQL over the lake only reads (select, explain)"
            )


def _unknown(lake: Lake, error: Exception) -> LakeError:
    if "Table with name" not in str(error):
        return FixTheCall(str(error))
    name = re.search(r"Table with name (\S+)", str(error))
    return UnknownTable(
        f"no table {name[1] if name else ''}: there are {', '.join([*lake.tables(), 'raw'])}"
    )
