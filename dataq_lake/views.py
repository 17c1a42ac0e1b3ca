"""The tables of a lake as DuckDB views over the Parquet files of one snapshot of each."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from dataq_lake.interface import Relation
from dataq_lake.lake import Lake
from dataq_lake.log_entries import Snapshot
from dataq_lake.table import TableHandle

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
    union all by name
    select id, 'collection' as entity_type, 1 as version, id as version_of, true as is_latest,
        created_at, updated_at
    from {collections}
"""


@dataclass(frozen=True)
class View:
    """The statement that makes a view, and the files that it reads."""

    statement: str
    files: tuple[str, ...]


class Views:
    """The views of a lake, told as they are needed: a view of 1,000 files is not free."""

    def __init__(self, lake: Lake) -> None:
        self._lake = lake
        self.relations: dict[str, Relation] = {}
        """The tables of the views told so far."""
        self.sizes: dict[str, int] = {}
        """The bytes of each of their files."""
        self._reading: list[str] = []

    def names(self, words: Iterable[str] | None = None) -> list[str]:
        """Every table, also those that are still empty; or those of `words` that hold something."""
        if words is None:
            return [*self._lake.tables(), "raw"]
        return sorted({*self._lake.stored(), "raw"}.intersection(words))

    def view(self, name: str) -> View:
        """The view called `name`."""
        self._reading = []
        statement = f'create or replace view "{name}" as {self._body(name)}'
        return View(statement, tuple(self._reading))

    def _body(self, name: str) -> str:
        if name == "raw":
            sources = [f"raw_{source}" for source in self._lake.raw_sources()] or ["raw_none"]
            return " union all ".join(self._table(source) for source in sources)
        if name == "texts":
            return TEXTS.format(texts=self._inner("texts"), assets=self._inner("assets"))
        if name == "entities":
            return ENTITIES.format(
                **{name: self._inner(name) for name in ("entities", "segments", "collections")}
            )
        return self._table(name)

    def _inner(self, name: str) -> str:
        return f"({self._table(name)})"

    def _table(self, name: str) -> str:
        found = self._lake.table(name).relation()
        self._reading += found.files
        self.relations[name] = found
        self.sizes.update(zip(found.files, found.sizes, strict=True))
        return found.select


def relation(handle: TableHandle) -> Relation:
    """The rows of a table whose files are as Parquet has them."""
    snapshot = handle.snapshot()
    columns = _columns(handle, snapshot)
    if snapshot is None or not snapshot.files:
        return Relation(f"select {columns} where false")
    paths = [str(handle.folder / file.path) for file in snapshot.files]
    files = ", ".join(map(quoted, paths))
    # files of an older schema lack columns; reading every footer to find out is not free
    union = "true" if snapshot.schema_version > 1 else "false"
    text = f"select {columns} from read_parquet([{files}], union_by_name = {union})"
    sizes = tuple(file.size for file in snapshot.files)
    return Relation(text, tuple(paths), sizes, snapshot.version)


def _columns(handle: TableHandle, snapshot: Snapshot | None) -> str:
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
