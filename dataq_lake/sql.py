"""SQL over the lake for anybody: DuckDB with a view a table, reading the lake and no more."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING

from dataq_lake.errors import FixTheCall, LakeError, NoSuchVersion, UnknownTable
from dataq_lake.lake import Lake
from dataq_lake.log import Snapshot
from dataq_lake.table import TableHandle

if TYPE_CHECKING:
    import duckdb

# Questions about the tables themselves need every view, not only those that are named.
_CATALOGUE = re.compile(r"\b(show|information_schema|duckdb_\w+|pg_\w+|sqlite_master)\b", re.I)
_EXPLAIN = re.compile(r"\s*explain\s+(analyze\s+)?(\(.*?\)\s*)?", re.I | re.S)

TEXTS = """
    select assets.id as asset_id, texts.* from {texts} as texts
    join {assets} as assets on assets.file_hash = texts.content_hash
"""
ENTITIES = """
    select * from {entities}
    union all by name
    select segments.id, 'segment' as entity_type, segments.asset_id as parent_id,
        assets.version, segments.id as version_of, assets.is_latest,
        assets.created_at, assets.updated_at
    from {segments} as segments left join {entities} as assets on assets.id = segments.asset_id
"""


def connect(lake: Lake, as_of: datetime | str | None = None) -> duckdb.DuckDBPyConnection:
    """A DuckDB connection with a view for every table, as it is now or was at `as_of`.

    `raw` is all sources together, `texts` has an asset_id, `entities` includes the segments. The
    connection reads files of the lake's tables only; text from strangers goes through `query`,
    which also refuses statements that write.
    """
    connection = _connection(lake)
    Views(lake, connection, as_of).add_all()
    return connection


def query(
    lake: Lake, text: str, as_of: datetime | str | None = None
) -> duckdb.DuckDBPyRelation | duckdb.DuckDBPyConnection:
    """The result of `text`, one or more statements that only read; fetch from it as in DuckDB.

    Raises FixTheCall with DuckDB's message, UnknownTable with the names of the tables.
    """
    import duckdb

    connection = _connection(lake)
    views = Views(lake, connection, as_of)
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


class Views:
    """The views of a connection, made as they are needed: a view of 1,000 files is not free."""

    def __init__(
        self, lake: Lake, connection: duckdb.DuckDBPyConnection, as_of: datetime | str | None
    ) -> None:
        self._lake = lake
        self._connection = connection
        self._as_of = as_of
        self._made: set[str] = set()

    def add_all(self) -> None:
        """A view for every table, also for those that are still empty."""
        for name in [*self._lake.tables(), "raw"]:
            self._add(name)

    def add_named(self, words: Iterable[str]) -> None:
        """A view for those of `words` that name a table with something in it."""
        for name in sorted({*self._lake.stored(), "raw"}.intersection(words)):
            self._add(name)

    def _add(self, name: str) -> None:
        if name in self._made:
            return
        self._made.add(name)
        self._connection.execute(f'create view "{name}" as {self._body(name)}')

    def _body(self, name: str) -> str:
        if name == "raw":
            sources = [f"raw_{source}" for source in self._lake.raw_sources()] or ["raw_none"]
            return " union all ".join(self._table(source) for source in sources)
        if name == "texts":
            return TEXTS.format(texts=self._inner("texts"), assets=self._inner("assets"))
        if name == "entities":
            return ENTITIES.format(
                entities=self._inner("entities"), segments=self._inner("segments")
            )
        return self._table(name)

    def _inner(self, name: str) -> str:
        return f"({self._table(name)})"

    def _table(self, name: str) -> str:
        handle = self._lake.table(name)
        snapshot = self._snapshot(handle)
        columns = self._columns(handle, snapshot)
        if snapshot is None or not snapshot.files:
            return f"select {columns} where false"
        files = ", ".join(_quoted(str(handle.folder / file.path)) for file in snapshot.files)
        # files of an older schema lack columns; reading every footer to find out is not free
        union = "true" if snapshot.schema_version > 1 else "false"
        return f"select {columns} from read_parquet([{files}], union_by_name = {union})"

    def _snapshot(self, handle: TableHandle) -> Snapshot | None:
        try:
            return handle.snapshot(as_of=self._as_of)
        except NoSuchVersion:  # the table came later than this time
            return None

    def _columns(self, handle: TableHandle, snapshot: Snapshot | None) -> str:
        if snapshot is not None and snapshot.files and snapshot.schema_version == 1:
            return ", ".join(f'"{name}"' for name in snapshot.columns)
        from dataq_lake.duckdb_types import duckdb_type

        stored = set(snapshot.columns) if snapshot and snapshot.files else set()
        return ", ".join(
            f'"{field.name}"'
            if field.name in stored
            else f'cast(null as {duckdb_type(field.type)}) as "{field.name}"'
            for field in handle.table.schema
        )


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
    folder = _quoted(f"{lake.root / 'tables'}/")
    # large sorts spill: below the lake, where nobody else may look, and apart from other processes
    spill = _quoted(str(lake.root / "tmp" / uuid.uuid4().hex))
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


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
