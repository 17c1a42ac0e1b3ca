"""Finds single rows by id, for a person who waits: one engine, and only the columns asked for."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from dataq_lake.interface import LakeTable, Relation
from dataq_lake.lost_files import lost_among
from dataq_lake.objects.path import ObjectPath
from dataq_lake.table import TableHandle

if TYPE_CHECKING:
    import duckdb

    from dataq_lake.lake import Lake

Row = dict[str, Any]
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TIMES = {"timestamp", "observed_at", "created_at", "updated_at", "analyzed_at"}


class Lookup:
    """Reads rows of one lake as JSON can hold them: times are ISO 8601 in UTC."""

    def __init__(self, lake: Lake) -> None:
        import duckdb

        self.lake = lake
        self._connection: duckdb.DuckDBPyConnection = duckdb.connect(
            ":memory:",
            config={
                "autoinstall_known_extensions": "false",
                "autoload_known_extensions": "false",
            },
        )
        if isinstance(lake.root, ObjectPath):
            from dataq_lake.objects.filesystem import reading_objects

            reading_objects(self._connection, lake.root)

    def rows(self, table: str, column: str, value: str, columns: tuple[str, ...]) -> list[Row]:
        """The rows whose `column` is `value`."""
        return self._read(table, f'"{column}" = $value', value, columns)

    def row(self, table: str, column: str, value: str, columns: tuple[str, ...]) -> Row | None:
        """The first of these rows, None where there is none."""
        found = self.rows(table, column, value, columns) if value else []
        return found[0] if found else None

    def beginning(self, table: str, column: str, prefix: str, limit: int) -> list[str]:
        """Up to `limit` values of `column` that begin with `prefix`."""
        found = self._read(table, f'starts_with("{column}", $value)', prefix, (column,), limit)
        return [row[column] for row in found]

    def _read(
        self, table: str, where: str, value: str, columns: tuple[str, ...], limit: int | None = None
    ) -> list[Row]:
        import duckdb

        found = _stored(self.lake.table(table))
        if not found.files:
            return []
        values: dict[str, Any] = {"value": value}
        if "$files" in found.select:
            values["files"] = list(found.files)
        shown = ", ".join(_shown(name) for name in columns)
        query = f"select {shown} from {found.select} where {where}"
        try:
            answer = self._connection.execute(f"{query} limit {limit}" if limit else query, values)
            return [_row(columns, each) for each in answer.fetchall()]
        except duckdb.Error as error:  # of a store's file it is the most general one
            told = lost_among(found.files, found.version, error)
            if told is None:
                raise
            raise told from error


def _stored(handle: LakeTable) -> Relation:
    """What a table's rows are read from; a Delta table's files are the parameter $files."""
    if not isinstance(handle, TableHandle):
        found = handle.relation()
        return replace(found, select=f"({found.select})")
    snapshot = handle.snapshot()
    if snapshot is None:
        return Relation("")
    files = tuple(str(handle.folder / file.path) for file in snapshot.files)
    union = snapshot.schema_version > 1  # files of an older schema lack columns
    text = f"read_parquet($files, union_by_name = {union})"
    return Relation(text, files, version=snapshot.version)


def _shown(name: str) -> str:
    return f'epoch_us("{name}") as "{name}"' if name in _TIMES else f'"{name}"'


def _row(columns: tuple[str, ...], values: tuple[Any, ...]) -> Row:
    return {
        name: iso(value) if name in _TIMES else value
        for name, value in zip(columns, values, strict=True)
    }


def iso(micros: int | None) -> str | None:
    """Microseconds since 1970 as ISO 8601 in UTC."""
    return None if micros is None else (_EPOCH + timedelta(microseconds=micros)).isoformat()
