"""One table of the lake: read it now or as it was; write to it through an IO manager."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from threading import RLock
from typing import TYPE_CHECKING

from dataq_lake.declared_table import BATCH_BYTES, DeclaredTable
from dataq_lake.delta_engine import DeltaEngine
from dataq_lake.errors import FixTheCall, NoSuchVersion
from dataq_lake.location import Location
from dataq_lake.log import DeltaLog
from dataq_lake.log_entries import Commit, Snapshot
from dataq_lake.lost_files import telling_lost_files
from dataq_lake.moment import moment
from dataq_lake.objects.path import ObjectPath
from dataq_lake.storage import writable
from dataq_lake.written import CommitInfo, Written

if TYPE_CHECKING:  # what only names a version or a file, like `dataq sql`, needs none of these
    import polars as pl
    import pyarrow as pa
    from deltalake import DeltaTable

    from dataq_lake.cleaning import Freed
    from dataq_lake.damage import Damage
    from dataq_lake.difference import Difference
    from dataq_lake.interface import Relation
    from dataq_lake.keys import KeyIndex
    from dataq_lake.numbered import NumberedRows

__all__ = ["BATCH_BYTES", "TableHandle", "log_in", "moment"]


class TableHandle(DeclaredTable):
    """Reads and writes one table; cheap to make, and always sees what others have committed."""

    def __init__(
        self,
        name: str,
        folder: Location,
        settle: Callable[[], None] = lambda: None,
        pinned: Callable[[DeltaLog], set[int]] = lambda _: set(),
    ) -> None:
        super().__init__(name, folder.parent.parent, settle)
        self.folder = folder
        self._pinned_by = pinned
        self._log = log_in(folder)
        self._keys: KeyIndex | None = None
        self.lock = RLock()
        self._engine = DeltaEngine(folder, self._log, self.lock)

    def snapshot(
        self, version: int | None = None, as_of: datetime | str | None = None
    ) -> Snapshot | None:
        """The files of the table now, at `version` or at the time `as_of`; None if there is none.

        Raises NoSuchVersion, and UpgradeDataq for a table that a newer DataQ has written.
        """
        with self.lock:
            found = self._snapshot(version, as_of)
        if found is not None:
            self.expect_known(found)
        return found

    def _snapshot(self, version: int | None, as_of: datetime | str | None) -> Snapshot | None:
        if version is not None and as_of is not None:
            raise FixTheCall("give a version or a time, not both")
        if as_of is not None:
            version = self._log.version_at(moment(as_of))
        return self._log.latest() if version is None else self._log.at(version)

    def pinned(self) -> set[int]:
        """The versions that have to stay, however old: those that live snapshots name."""
        return self._pinned_by(self._log)

    def stored_files(self) -> list[Location]:
        """Every data file in the table's folder, whether a version names it or not."""
        return sorted(self.folder.glob("*.parquet"))

    def stored_values(self, columns: Iterable[str]) -> Iterator[list[str | None]]:
        """The values of these columns, those that the table has, in every file on disk.

        Also in files that a writer has not committed yet, except where they are not finished.
        """
        from dataq_lake import reading

        names = [name for name in columns if name in self.table.schema.names]
        return reading.values(self.stored_files(), names) if names else iter(())

    def files(
        self, version: int | None = None, as_of: datetime | str | None = None
    ) -> list[Location]:
        """The Parquet files of the table now, at `version`, or at the time `as_of`.

        Raises NoSuchVersion for a version that is not kept, or not all of it.
        """
        return self._kept(self.snapshot(version, as_of), version is None and as_of is None)

    def _kept(self, snapshot: Snapshot | None, newest: bool) -> list[Location]:
        """The files of `snapshot`; those of an old one are looked for."""
        paths = [self.folder / file.path for file in snapshot.files] if snapshot else []
        if snapshot is not None and not newest:
            self._expect_kept(snapshot.version, paths)
        return paths

    def _expect_kept(self, version: int, paths: list[Location]) -> None:
        """Raises NoSuchVersion for a version whose files were cleaned up, wholly or in part."""
        gone = [path for path in paths if not path.is_file()]
        if gone:
            raise NoSuchVersion(
                f"version {version} of table {self.name} is no longer whole: {len(gone)} of its "
                f"{len(paths)} files were cleaned up; a later version has what still counts"
            )

    def scan(
        self,
        columns: Iterable[str] | None = None,
        version: int | None = None,
        as_of: datetime | str | None = None,
    ) -> pl.LazyFrame:
        """All rows, lazily; empty with the right columns if there is no table yet.

        Read when the version is cleaned up already, the frame raises VersionGone.
        """
        from dataq_lake import reading

        snapshot = self.snapshot(version, as_of)
        files = self._kept(snapshot, version is None and as_of is None)
        frame = self.held(reading.scan(self.table, files), snapshot, files)
        return frame if columns is None else frame.select(list(columns))

    def numbered(self) -> NumberedRows:
        """The rows as they are now, to be found once and fetched by number in many batches."""
        from dataq_lake.numbered import NumberedRows

        snapshot = self.snapshot()
        files = snapshot.files if snapshot else ()
        paths = [self.folder / file.path for file in files]
        held = self.holding(snapshot, paths)
        return NumberedRows(self.table, paths, [file.rows for file in files], held)

    def batches(
        self,
        columns: Iterable[str] | None = None,
        batch_bytes: int = BATCH_BYTES,
        windows: Iterable[str] | None = None,
    ) -> Iterator[pa.RecordBatch]:
        """All rows, or those of some windows, in batches bounded by bytes.

        One row group is in memory at a time, and only if it has a row of these windows. Raises
        VersionGone where the version is cleaned up meanwhile.
        """
        import pyarrow as pa

        from dataq_lake import reading

        chosen = None if windows is None else ("window", pa.array(list(windows), pa.string()))
        snapshot = self.snapshot()
        files = self._kept(snapshot, newest=True)
        version = snapshot.version if snapshot else None
        return reading.batches(self.table, files, columns, batch_bytes, chosen, version)

    def count(self) -> int:
        """How many rows the table has now; as a rule the log knows."""
        import polars as pl

        found = self.snapshot()
        told = [file.rows for file in found.files] if found else []
        rows = [each for each in told if each is not None]
        if len(rows) == len(told):
            return sum(rows)
        with telling_lost_files(self.root):
            return int(self.scan().select(pl.len()).collect().item())

    def history(self) -> list[Commit]:
        """What the log still tells of every version, newest first."""
        return list(self._log.history())

    def append(
        self,
        batches: Iterable[pa.RecordBatch],
        commit: CommitInfo | None = None,
        committed: Callable[[Written], None] | None = None,
    ) -> Written:
        """Adds every row, in commits of 10,000 rows, 32 MB or 30 seconds, one a second at most.

        `committed` is called after each: every batch taken so far is then on disk for good, so
        this is the moment to keep the state that came with the last of them.
        """
        from dataq_lake import writing

        with writable(self.folder.parent.parent):
            return writing.append(self, batches, commit or CommitInfo(), committed)

    def insert_new(
        self,
        batches: Iterable[pa.RecordBatch],
        commit: CommitInfo | None = None,
        committed: Callable[[Written], None] | None = None,
    ) -> Written:
        """Adds the rows whose key is not there yet; doing it again adds nothing.

        `committed` is called as in append, for the commits that had something to add.
        """
        from dataq_lake import inserting

        with writable(self.folder.parent.parent):
            return inserting.insert_new(self, batches, commit or CommitInfo(), committed)

    def apply(self, difference: Difference, commit: CommitInfo | None = None) -> Written:
        """Takes away what is gone and adds what is new; doing it again changes nothing."""
        from dataq_lake import inserting

        with writable(self.folder.parent.parent):
            return inserting.apply(self, difference, commit or CommitInfo())

    def damage(self, told: Callable[[int], object] = lambda _: None) -> Iterator[Damage]:
        """What is wrong with the log and the files of the newest version; every byte is read.

        `told` hears how many bytes more were read. Nothing is raised for what is damaged.
        """
        from dataq_lake import table_files

        return table_files.damage(self, told)

    def clear(self, commit: CommitInfo | None = None) -> Written:
        """Takes all rows away, also those that cannot be read, so that they can be derived again.

        Earlier versions stay. Raises FixTheCall for an insert-only table.
        """
        from dataq_lake import clearing

        with writable(self.folder.parent.parent):
            return clearing.clear(self, commit or CommitInfo())

    def relation(self) -> Relation:
        """The rows as SQL that any DuckDB can read."""
        from dataq_lake.views import relation

        return relation(self)

    def merge(self, commit: CommitInfo | None = None) -> bool:
        """Merges small files if there are many; says whether it did."""
        from dataq_lake.compacting import merge

        return merge(self, commit or CommitInfo())

    def vacuum(self, retention: timedelta, fresh: timedelta, now: datetime) -> Freed:
        """Removes what no version needs that has to stay; see `cleaning`."""
        from dataq_lake.cleaning import remove, unneeded

        return remove(unneeded(self, retention, fresh, now))

    def delta(self) -> DeltaTable:
        """The engine's own handle at the newest version, for writing; the table must exist."""
        return self._engine.newest()

    @property
    def options(self) -> dict[str, str] | None:
        """What an engine has to be told to reach the table's folder; None for one on disk."""
        return self._engine.options

    def borrow_keys(self) -> KeyIndex | None:
        """The keys that the last write has learnt, for one next write only; None without any."""
        keys, self._keys = self._keys, None
        return keys

    def keep_keys(self, keys: KeyIndex) -> None:
        """Keeps what a write has learnt of the table's keys."""
        self._keys = keys

    @property
    def log(self) -> DeltaLog:
        """The log that versions are read from."""
        return self._log


def log_in(folder: Location) -> DeltaLog:
    """The log of the table in this folder."""
    if isinstance(folder, ObjectPath):
        from dataq_lake.objects.log import ObjectLog

        return ObjectLog(folder)
    return DeltaLog(folder)
