"""The lake as it was: every table at one version, and the search index of that moment."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, NoReturn

from dataq_lake.errors import NotYet, ReadOnly, SnapshotGone, UnknownSnapshot, VersionGone
from dataq_lake.indexes.folder import IndexFolder, indexes_in
from dataq_lake.lake import Lake
from dataq_lake.location import Location
from dataq_lake.moment import moment
from dataq_lake.table import TableHandle

if TYPE_CHECKING:
    from deltalake import DeltaTable

    from dataq_lake import log_entries
    from dataq_lake.indexes.manifest import Manifest
    from dataq_lake.indexes.snapshot import Snapshot
    from dataq_lake.interface import LakeTable, TableLog
    from dataq_lake.log import DeltaLog


def past(lake: Lake, as_of: datetime | str) -> PastLake:
    """`lake` at a time or in a snapshot, read-only; as for `Lake.at`."""
    if isinstance(as_of, str):
        try:
            manifest = indexes_in(lake.root).resolve(as_of)
        except UnknownSnapshot as unknown:
            raise _explained(lake, as_of, unknown) from None
        if manifest is not None:
            return PastLake(lake.root, datetime.fromisoformat(manifest.created_at), manifest)
    found = PastLake(lake.root, moment(as_of))
    found.check()
    return found


class PastLake(Lake):
    """A lake whose tables stay at the versions of `time`, or at those that `manifest` names."""

    def __init__(self, root: Location, time: datetime, manifest: Manifest | None = None) -> None:
        super().__init__(root)
        self.time = time
        self.manifest = manifest

    def at(self, as_of: datetime | str | None) -> Lake:
        """As for the lake today: the past of the past is the past."""
        return self if as_of is None else past(Lake(self.root), as_of)

    def index(self, snapshot: str | None = None) -> Snapshot:
        """The index of this moment: the newest that was published by then."""
        from dataq_lake.indexes.snapshot import open_manifest

        if snapshot is not None:
            return super().index(snapshot)
        folder = indexes_in(self.root)
        return open_manifest(folder, self.manifest or _published(self, folder))

    def check(self) -> None:
        """Raises NotYet if no table had been written to at this time."""
        first: datetime | None = None
        for name in self.stored():
            try:
                if self.table(name).exists:
                    return
            except VersionGone:  # it was there, only nobody can tell how
                return
            oldest = min(commit.time for commit in Lake(self.root).table(name).history())
            first = min(first, oldest) if first else oldest
        began = f"its first commit is of {first.isoformat()}" if first else "it has no commit yet"
        raise NotYet(f"the lake has nothing from before {self.time.isoformat()}: {began}")

    def _opened(self, name: str, folder: Location) -> LakeTable:
        if self.catalogue is not None:
            from dataq_lake.ducklake.table import DuckLakeTable

            return DuckLakeTable(self.catalogue, name, at=lambda log: self.version_of(name, log))
        return PastTable(name, folder, lambda table: self.version_of(name, table))

    def version_of(self, name: str, table: TableLog) -> int | None:
        """The table's version at this moment, None if it came later."""
        if self.manifest is not None and (
            self.manifest.names_all_tables or name in self.manifest.tables
        ):
            return self.manifest.tables.get(name)
        try:
            return table.version_at(self.time)
        except NotYet:
            return None


class PastTable(TableHandle):
    """A table at one version; whatever would write to it raises ReadOnly."""

    def __init__(
        self, name: str, folder: Location, version: Callable[[DeltaLog], int | None]
    ) -> None:
        super().__init__(name, folder)
        self._find = version

    @cached_property
    def _pinned(self) -> log_entries.Snapshot | None:
        version = self._find(self._log)
        return None if version is None else self._log.at(version)

    def _snapshot(
        self, version: int | None, as_of: datetime | str | None
    ) -> log_entries.Snapshot | None:
        if version is None and as_of is None:
            return self._pinned
        return super()._snapshot(version, as_of)

    def history(self) -> list[log_entries.Commit]:
        """The versions up to this one that the log still tells of, newest first."""
        last = -1 if self._pinned is None else self._pinned.version
        return [commit for commit in super().history() if commit.version <= last]

    def delta(self) -> DeltaTable:
        """Raises ReadOnly."""
        self._refuse()

    def append(self, *_: object, **__: object) -> NoReturn:
        """Raises ReadOnly."""
        self._refuse()

    def insert_new(self, *_: object, **__: object) -> NoReturn:
        """Raises ReadOnly."""
        self._refuse()

    def apply(self, *_: object, **__: object) -> NoReturn:
        """Raises ReadOnly."""
        self._refuse()

    def _refuse(self) -> NoReturn:
        raise ReadOnly(f"table {self.name} is open as it was: write to the lake as it is")


def _published(lake: PastLake, folder: IndexFolder) -> Manifest | None:
    """The newest index published by the time of `lake`; SnapshotGone if that one is retired."""
    time = lake.time.isoformat()
    kept = folder.manifests()
    found = max(
        (each for each in kept if datetime.fromisoformat(each.created_at) <= lake.time),
        key=lambda each: each.sequence,
        default=None,
    )
    after = found.sequence + 1 if found else 1
    if kept and found != kept[-1] and all(each.sequence != after for each in kept):
        newest = _last_recorded(lake)
        if newest is not None and newest != (found.id if found else None):
            raise SnapshotGone(
                f"the search index of {time} was that of snapshot {newest}, which is retired: "
                "`dataq snapshots list` shows those that are kept"
            )
    return found


def _last_recorded(lake: PastLake) -> str | None:
    """The id of the newest snapshot of this time, retired or not."""
    from dataq_lake.sql import query

    text = "select id from snapshots where created_at <= ? order by created_at desc limit 1"
    rows = query(Lake(lake.root), text.replace("?", f"'{lake.time.isoformat()}'")).fetchall()
    return str(rows[0][0]) if rows else None


def _explained(lake: Lake, text: str, unknown: UnknownSnapshot) -> UnknownSnapshot:
    """Whether what `text` names was ever there."""
    from dataq_lake.sql import query
    from dataq_lake.views import quoted

    if isinstance(unknown, SnapshotGone) or not text.isalnum():
        return unknown
    found = query(
        lake, f"select id from snapshots where starts_with(id, {quoted(text)}) limit 2"
    ).fetchall()
    if len(found) == 1:
        return SnapshotGone(
            f"snapshot {found[0][0]} was retired: `dataq snapshots list` shows those that are kept"
        )
    return unknown
