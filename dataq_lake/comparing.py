"""What changed between two states of the lake: rows by table, and files by their path."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from dataq_lake.lost_files import telling_lost_files
from dataq_lake.objects.path import ObjectPath
from dataq_lake.table import TableHandle
from dataq_lake.views import quoted

if TYPE_CHECKING:
    import duckdb

    from dataq_lake.interface import LakeTable, TableState
    from dataq_lake.lake import Lake

NO_ROWS = (0, 0, 0)
# What a current asset is called; several may share a path, so they are compared together.
ASSETS = """
    select assets.source, assets.path, list(assets.id order by assets.id) as ids,
        list(assets.file_hash order by assets.id) as hashes
    from {assets} as assets join {entities} as entities on entities.id = assets.id
    where entities.is_latest group by all
"""
CHANGED_ASSETS = """
    with old as ({old}), new as ({new})
    select source, path,
        case when old.ids is null then 'added' when new.ids is null then 'removed'
            else 'changed' end as change,
        old.ids[1], new.ids[1], old.hashes is not distinct from new.hashes
    from old full join new using (source, path)
    where old.ids is distinct from new.ids
    order by source, path
"""
CHANGED_ROWS = """
    with old as ({old}), new as ({new})
    select count(*) filter (old.row_hash is null), count(*) filter (
            old.row_hash is not null and new.row_hash is not null
            and old.row_hash <> new.row_hash),
        count(*) filter (new.row_hash is null)
    from old full join new using ({key})
"""


@dataclass(frozen=True)
class Counts:
    """How many rows of a table came, changed and went."""

    added: int = 0
    changed: int = 0
    removed: int = 0


@dataclass(frozen=True)
class AssetChange:
    """What became of the current asset at a path: added, changed or removed.

    `old_id` and `new_id` are its versions; `same_bytes` where only what is said of it changed.
    """

    change: str
    source: str
    path: str
    old_id: str | None
    new_id: str | None
    same_bytes: bool


@dataclass(frozen=True)
class Comparison:
    """`tables` has those with a change only; `assets` are in order of source and path."""

    tables: dict[str, Counts]
    assets: list[AssetChange]

    def as_dict(self) -> dict[str, Any]:
        """The comparison as JSON can hold it."""
        return asdict(self)


def compare(old: Lake, new: Lake) -> Comparison:
    """The way from `old` to `new`, two states of one lake (`lake.at(…)`).

    Rows are told apart by their key and compared in every column but the bulky ones, whose hashes
    stand beside them. Files that both states have are not read. Raises ContentLost, or VersionGone
    where a state is cleaned up meanwhile.
    """
    connection = _connection(new)
    tables = {}
    with telling_lost_files(new.root):
        for name in sorted({*old.tables(), *new.tables()}):
            counts = _rows(connection, old.table(name), new.table(name))
            if counts != Counts():
                tables[name] = counts
        return Comparison(tables, _assets(connection, old, new))


def _rows(connection: duckdb.DuckDBPyConnection, old: LakeTable, new: LakeTable) -> Counts:
    before, after = old.snapshot(), new.snapshot()
    gone, come = _files(before), _files(after)
    if isinstance(old, TableHandle):
        gone, come = gone - come, come - gone
    elif old.version() == new.version():
        return Counts()
    if not gone and not come:
        return Counts()
    key = ", ".join(f'"{name}"' for name in new.table.key)
    text = CHANGED_ROWS.format(
        old=_hashed(old, before, after, gone), new=_hashed(new, after, before, come), key=key
    )
    return Counts(*(connection.execute(text).fetchone() or NO_ROWS))


def _files(snapshot: TableState | None) -> set[str]:
    return {file.path for file in snapshot.files} if snapshot else set()


def _hashed(
    handle: LakeTable, own: TableState | None, other: TableState | None, files: set[str]
) -> str:
    """The key and a hash of each row of `files`, over the columns that both states have."""
    table = handle.table
    both = set((own or other).columns) & set((other or own).columns)  # type: ignore[union-attr]
    compared = [name for name in table.schema.names if name in both and name not in table.bulky]
    key = ", ".join(f'"{name}"' for name in table.key)
    columns = ", ".join(f'"{name}"' for name in compared)
    if not files:
        nulls = ", ".join(f'null::varchar as "{name}"' for name in table.key)
        return f"select {nulls}, null::ubigint as row_hash where false"
    return f"select {key}, hash({columns}) as row_hash from {_read(handle, files)}"


def _assets(connection: duckdb.DuckDBPyConnection, old: Lake, new: Lake) -> list[AssetChange]:
    states = [_current(lake) for lake in (old, new)]
    if states[0] == states[1]:
        return []
    text = CHANGED_ASSETS.format(old=states[0], new=states[1])
    return [
        AssetChange(change, source, path, old_id, new_id, bool(same))
        for source, path, change, old_id, new_id, same in connection.execute(text).fetchall()
    ]


def _current(lake: Lake) -> str:
    """A query for the current assets of a state."""
    assets, entities = lake.table("assets"), lake.table("entities")
    files = [_files(handle.snapshot()) for handle in (assets, entities)]
    if not all(files):
        nothing = "null::varchar as source, null::varchar as path"
        return f"select {nothing}, null::varchar[] as ids, null::varchar[] as hashes where false"
    return ASSETS.format(assets=_read(assets, files[0]), entities=_read(entities, files[1]))


def _read(handle: LakeTable, files: set[str]) -> str:
    if not isinstance(handle, TableHandle):
        return f"({handle.relation().select})"
    listed = ", ".join(quoted(str(handle.folder / file)) for file in sorted(files))
    return f"read_parquet([{listed}], union_by_name = true)"


def _connection(lake: Lake) -> duckdb.DuckDBPyConnection:
    import duckdb

    connection = duckdb.connect(
        ":memory:",
        config={"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"},
    )
    if isinstance(lake.root, ObjectPath):
        from dataq_lake.objects.filesystem import reading_objects

        reading_objects(connection, lake.root)
    return connection
