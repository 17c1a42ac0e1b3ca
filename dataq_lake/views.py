"""The tables of a lake as DuckDB views over the Parquet files of one snapshot of each."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from dataq_lake.lake import Lake
from dataq_lake.log import Snapshot
from dataq_lake.table import TableHandle

if TYPE_CHECKING:
    import duckdb

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


class Views:
    """The views of a connection, made as they are needed: a view of 1,000 files is not free."""

    def __init__(self, lake: Lake, connection: duckdb.DuckDBPyConnection) -> None:
        self._lake = lake
        self._connection = connection
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
        snapshot = handle.snapshot()
        columns = self._columns(handle, snapshot)
        if snapshot is None or not snapshot.files:
            return f"select {columns} where false"
        files = ", ".join(quoted(str(handle.folder / file.path)) for file in snapshot.files)
        # files of an older schema lack columns; reading every footer to find out is not free
        union = "true" if snapshot.schema_version > 1 else "false"
        return f"select {columns} from read_parquet([{files}], union_by_name = {union})"

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


def quoted(text: str) -> str:
    """`text` as a literal of SQL."""
    return "'" + text.replace("'", "''") + "'"
