"""A table as the catalogue tells it at one version: its columns and its files.

Format: https://ducklake.select/docs/stable/specification/introduction (version 1.0), as far as
DataQ uses it: Parquet files, positional deletes, columns that were added, no rows in the catalogue.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from dataq_lake.ducklake.catalogue import NEWEST
from dataq_lake.ducklake.session import Session
from dataq_lake.errors import NoSuchVersion, UpgradeDataq, VersionGone

TABLES = """
    select table_id, begin_snapshot, end_snapshot, path, path_is_relative
    from {meta}.ducklake_table where table_name = $name order by begin_snapshot
"""
KEPT = "select 1 from {meta}.ducklake_snapshot where snapshot_id = $at"
CHANGED = """
    select max(number) from (
        select begin_snapshot from {meta}.ducklake_table where table_name = $name
        union all select begin_snapshot from {meta}.ducklake_data_file where table_id in ($ids)
        union all select partial_max from {meta}.ducklake_data_file where table_id in ($ids)
        union all select end_snapshot from {meta}.ducklake_data_file where table_id in ($ids)
        union all select begin_snapshot from {meta}.ducklake_delete_file where table_id in ($ids)
        union all select partial_max from {meta}.ducklake_delete_file where table_id in ($ids)
        union all select end_snapshot from {meta}.ducklake_delete_file where table_id in ($ids)
        union all select snapshot_id from {meta}.ducklake_snapshot_changes
        where regexp_matches(changes_made, '(inserted_into|deleted_from)_table:($any)(,|$end)')
    ) as every(number) where number <= $most
"""
COLUMNS = """
    select column_name, begin_snapshot from {meta}.ducklake_column
    where table_id = $id and parent_column is null
        and begin_snapshot <= $at and (end_snapshot is null or end_snapshot > $at)
    order by column_order
"""
NOTE = """
    select value from {meta}.ducklake_tag where object_id = $id and key = 'comment'
        and begin_snapshot <= $at and (end_snapshot is null or end_snapshot > $at)
"""
FILES = """
    select data.begin_snapshot, data.path, data.path_is_relative, data.file_size_bytes,
        data.record_count, data.encryption_key, data.partial_max,
        gone.path, gone.path_is_relative, gone.encryption_key, gone.partial_max,
        gone.file_size_bytes, gone.delete_count, data.file_format, gone.format
    from {meta}.ducklake_data_file as data left join (
        select * from {meta}.ducklake_delete_file where table_id = $id
            and begin_snapshot <= $at and (end_snapshot is null or end_snapshot > $at)
    ) as gone on gone.data_file_id = data.data_file_id
    where data.table_id = $id and data.begin_snapshot <= $at
        and (data.end_snapshot is null or data.end_snapshot > $at)
    order by data.row_id_start nulls first, data.begin_snapshot, data.data_file_id
"""


EVERY_COLUMN = """
    select column_name, begin_snapshot from {meta}.ducklake_column
    where table_id = $id and parent_column is null
"""
EVERY_FILE = """
    select begin_snapshot, path, path_is_relative, file_size_bytes, record_count, encryption_key
    from {meta}.ducklake_data_file where table_id = $id
"""


@dataclass(frozen=True)
class Stored:
    """One Parquet file: where it is, its bytes, its rows, and its key if it is encrypted.

    `upto` is a version: rows that came later are in the file but not in the table; None if all are.
    """

    path: str
    size: int
    rows: int
    key: str | None = field(default=None, repr=False)
    upto: int | None = None


@dataclass(frozen=True)
class DataFile(Stored):
    """A file of rows, those columns of the table that it has, and the rows of it that are gone."""

    columns: tuple[str, ...] = ()
    gone: Stored | None = None


@dataclass(frozen=True)
class State:
    """The files and columns of a table at `version`."""

    version: int
    files: tuple[DataFile, ...]
    columns: tuple[str, ...]
    schema_version: int

    @property
    def rows(self) -> int | None:
        """How many rows the table has, None where only a look into its files tells."""
        both = [each for file in self.files for each in (file, file.gone)]
        if any(each is not None and each.upto is not None for each in both):
            return None
        return sum(file.rows - (file.gone.rows if file.gone else 0) for file in self.files)

    @property
    def paths(self) -> tuple[str, ...]:
        """Where its files are, also those that say which rows are gone."""
        return tuple(each.path for each in self._stored())

    @property
    def sizes(self) -> tuple[int, ...]:
        """Their bytes, in the same order."""
        return tuple(each.size for each in self._stored())

    def _stored(self) -> list[Stored]:
        both = [each for file in self.files for each in (file, file.gone)]
        return [each for each in both if each is not None]

    @property
    def is_plain(self) -> bool:
        """Whether the table's rows are those of its files, for anybody to read."""
        return not any(file.key or file.gone or file.upto is not None for file in self.files)


def state(session: Session, name: str, data_path: str, at: int | None = None) -> State | None:
    """The table `name` at version `at`, by default the newest; None where it is not there.

    Raises NoSuchVersion for a version that is yet to come, VersionGone for one that is cleaned up.
    """
    limit = _checked(session, name, at)
    tables = session.rows(TABLES, {"name": name})
    found = [row for row in tables if row[1] <= limit and (row[2] is None or row[2] > limit)]
    if not found:
        return None
    number, _, _, path, relative = found[0]
    folder = _joined(f"{data_path}main/", path, relative)
    columns = session.rows(COLUMNS, {"id": number, "at": limit})
    files = session.rows(FILES, {"id": number, "at": limit})
    note = session.rows(NOTE, {"id": number, "at": limit})
    told = json.loads(note[0][0]) if note else {}
    return State(
        last_change(session, name, tables, limit),
        tuple(_file(row, folder, columns, limit) for row in files),
        tuple(column for column, _ in columns),
        int(told.get("schema_version", 1)),
    )


def _checked(session: Session, name: str, at: int | None) -> int:
    """The version of the lake to read: `at` if it is kept, the newest for None."""
    newest = int(session.rows(NEWEST)[0][0])
    if at is None or at == newest:
        return newest
    if at > newest or at < 0:
        raise NoSuchVersion(f"{name} has no version {at}: the lake's newest is {newest}")
    if not session.rows(KEPT, {"at": at}):
        raise VersionGone(f"version {at} of table {name} was cleaned up")
    return at


def every_file(session: Session, name: str, data_path: str) -> list[DataFile]:
    """The files of rows that any version of the table which is still kept names."""
    found = []
    for number, _, _, path, relative in session.rows(TABLES, {"name": name}):
        folder = _joined(f"{data_path}main/", path, relative)
        columns = session.rows(EVERY_COLUMN, {"id": number})
        for row in session.rows(EVERY_FILE, {"id": number}):
            begin, place, inside, size, rows, key = row
            own = tuple(column for column, since in columns if since <= begin)
            found.append(DataFile(_joined(folder, place, inside), size, rows, key, None, own))
    return found


def last_change(session: Session, name: str, tables: list[tuple[Any, ...]], most: int) -> int:
    """The newest version up to `most` in which rows of the table came or went, or it was made.

    `tables` are its rows of TABLES: it has one more for each time that it was cleared.
    """
    ids = [str(row[0]) for row in tables]
    text = CHANGED.replace("$ids", ",".join(ids)).replace("$any", "|".join(ids))
    found = session.rows(text.replace("$end", "$"), {"name": name, "most": most})
    return int(found[0][0])


def _file(row: tuple[Any, ...], folder: str, columns: list[tuple[Any, ...]], at: int) -> DataFile:
    begin, path, relative, size, rows, key, latest = row[:7]
    gone_path, gone_relative, gone_key, gone_latest, gone_size, gone_rows, kind, gone_kind = row[7:]
    if kind != "parquet" or gone_kind not in {None, "parquet"}:
        raise UpgradeDataq(f"{path} is no Parquet file ({kind}, {gone_kind}): DataQ reads no other")
    gone = None
    if gone_path is not None:
        place = _joined(folder, gone_path, gone_relative)
        gone = Stored(place, gone_size, gone_rows, gone_key, _limit(gone_latest, at))
    own = tuple(name for name, since in columns if since <= begin)
    place = _joined(folder, path, relative)
    return DataFile(place, size, rows, key, _limit(latest, at), own, gone)


def _limit(latest: int | None, at: int) -> int | None:
    return at if latest is not None and latest > at else None


def _joined(folder: str, path: str, relative: bool) -> str:
    return f"{folder}{path}" if relative else str(path)
