"""One table of a lake on DuckLake: what `dataq_lake.table.TableHandle` is for Delta."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING

from dataq_lake.declared_table import BATCH_BYTES, DeclaredTable
from dataq_lake.ducklake.catalogue import Catalogue
from dataq_lake.ducklake.history import History
from dataq_lake.ducklake.session import Session
from dataq_lake.ducklake.state import State, state
from dataq_lake.errors import FixTheCall, ReadOnly
from dataq_lake.location import Location, located
from dataq_lake.lost_files import telling_lost_files
from dataq_lake.moment import moment
from dataq_lake.storage import writable
from dataq_lake.written import CommitInfo, Written

if TYPE_CHECKING:
    import polars as pl
    import pyarrow as pa

    from dataq_lake.cleaning import Freed
    from dataq_lake.damage import Damage
    from dataq_lake.difference import Difference
    from dataq_lake.ducklake.reading import Reader
    from dataq_lake.interface import Relation, RowsByNumber
    from dataq_lake.log_entries import Commit


class DuckLakeTable(DeclaredTable):
    """Reads and writes one table; always sees what others have committed.

    With `at` it stays at the version that this gives, None where there is none: it is read only.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        name: str,
        settle: Callable[[], None] = lambda: None,
        at: Callable[[History], int | None] | None = None,
    ) -> None:
        super().__init__(name, catalogue.root, settle)
        self.catalogue = catalogue
        self.log = History(catalogue, name)
        self._at = at
        self._seen: tuple[object, State | None] = (None, None)

    @cached_property
    def _pinned(self) -> int | None:
        return self._at(self.log) if self._at else None

    def snapshot(
        self, version: int | None = None, as_of: datetime | str | None = None
    ) -> State | None:
        """The files of the table now, at `version` or at the time `as_of`; None if there is none.

        Raises NoSuchVersion, and UpgradeDataq for a table that a newer DataQ has written.
        """
        if version is not None and as_of is not None:
            raise FixTheCall("give a version or a time, not both")
        if as_of is not None:
            version = self.log.version_at(moment(as_of))
        elif version is None and self._at is not None:
            if self._pinned is None:
                return None
            version = self._pinned
        stamp = self.catalogue.stamp() if version is None else None
        if stamp is not None and stamp == self._seen[0]:
            return self._seen[1]
        with self.catalogue.session() as session:
            found = self.state_in(session, version) if session else None
        if version is None:  # what is newer than its stamp is read once more
            self._seen = stamp, found
        return found

    def state_in(self, session: Session, version: int | None = None) -> State | None:
        """As `snapshot`, in a session that is open."""
        found = state(session, self.name, self.catalogue.data_path, version)
        if found is not None:
            self.expect_known(found)
        return found

    def files(
        self, version: int | None = None, as_of: datetime | str | None = None
    ) -> list[Location]:
        """The Parquet files of the table, also those that say which rows are gone."""
        found = self.snapshot(version, as_of)
        return [located(path) for path in found.paths] if found else []

    def _reader(self, found: State | None) -> Reader:
        from dataq_lake.ducklake.reading import Reader

        return Reader(self.catalogue, self.table, found)

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

        found = self.snapshot(version, as_of)
        files = [located(path) for path in found.paths] if found else []
        plain = found is None or found.is_plain  # then Polars reads them, and skips what it can
        frame = reading.scan(self.table, files) if plain else self._reader(found).scan()
        frame = self.held(frame, found, files)
        return frame if columns is None else frame.select(list(columns))

    def numbered(self) -> RowsByNumber:
        """The rows as they are now, to be found once and fetched by number in many batches."""
        from dataq_lake.ducklake.numbered import ReaderRows
        from dataq_lake.numbered import NumberedRows

        found = self.snapshot()
        if found is None or found.is_plain:
            files = found.files if found else ()
            paths = [located(file.path) for file in files]
            held = self.holding(found, paths)
            return NumberedRows(self.table, paths, [file.rows for file in files], held)
        return ReaderRows(self._reader(found))

    def batches(
        self,
        columns: Iterable[str] | None = None,
        batch_bytes: int = BATCH_BYTES,
        windows: Iterable[str] | None = None,
    ) -> Iterator[pa.RecordBatch]:
        """All rows, or those of some windows, in batches bounded by bytes."""
        import pyarrow as pa

        reader = self._reader(self.snapshot())
        if windows is None:
            return reader.batches(columns, batch_bytes)
        where = 'where "window" in (select value from windows)'
        found = pa.array(list(windows), pa.string())
        return reader.batches(columns, batch_bytes, where, windows=found)

    def relation(self) -> Relation:
        """The rows as SQL that any DuckDB can read; of encrypted files it holds the keys."""
        from dataq_lake.ducklake.relation import relation
        from dataq_lake.interface import Relation

        found = self.snapshot()
        files, sizes = (found.paths, found.sizes) if found else ((), ())
        version = found.version if found else None
        return Relation(relation(found, self.table.schema), files, sizes, version)

    def count(self) -> int:
        """How many rows the table has now; as a rule the catalogue knows."""
        import polars as pl

        found = self.snapshot()
        rows = found.rows if found else 0
        if rows is not None:
            return rows
        with telling_lost_files(self.root):
            return int(self.scan().select(pl.len()).collect().item())

    def history(self) -> list[Commit]:
        """What the catalogue still tells of every version, newest first."""
        last = self._pinned if self._at else None
        found = list(self.log.history())
        if self._at is None:
            return found
        return [commit for commit in found if last is not None and commit.version <= last]

    def append(
        self,
        batches: Iterable[pa.RecordBatch],
        commit: CommitInfo | None = None,
        committed: Callable[[Written], None] | None = None,
    ) -> Written:
        """Adds every row, in commits of 10,000 rows, 32 MB or 30 seconds, whichever comes first.

        `committed` is called after each: every batch taken so far is then there for good.
        """
        from dataq_lake.ducklake import writing

        self._expect_present()
        with writable(self.root):
            return writing.append(self, batches, commit or CommitInfo(), committed)

    def insert_new(
        self,
        batches: Iterable[pa.RecordBatch],
        commit: CommitInfo | None = None,
        committed: Callable[[Written], None] | None = None,
    ) -> Written:
        """Adds the rows whose key is not there yet; doing it again adds nothing."""
        from dataq_lake.ducklake import writing

        self._expect_present()
        with writable(self.root):
            return writing.insert_new(self, batches, commit or CommitInfo(), committed)

    def apply(self, difference: Difference, commit: CommitInfo | None = None) -> Written:
        """Takes away what is gone and adds what is new; doing it again changes nothing."""
        from dataq_lake.ducklake import writing

        self._expect_present()
        with writable(self.root):
            return writing.apply(self, difference, commit or CommitInfo())

    def clear(self, commit: CommitInfo | None = None) -> Written:
        """Takes all rows away, also those that cannot be read; earlier versions stay."""
        from dataq_lake.ducklake import writing

        self._expect_present()
        with writable(self.root):
            return writing.clear(self, commit or CommitInfo())

    def damage(self, told: Callable[[int], object] = lambda _: None) -> Iterator[Damage]:
        """What is wrong with the catalogue and the files of the newest version; all are read."""
        from dataq_lake.ducklake import verifying

        return verifying.damage(self, told)

    def merge(self, commit: CommitInfo | None = None) -> bool:  # noqa: ARG002 - not told of merges
        """Merges small files if there are many; says whether it did."""
        from dataq_lake.ducklake import maintenance

        with writable(self.root):
            return maintenance.tidy(self)

    def vacuum(self, retention: timedelta, fresh: timedelta, now: datetime) -> Freed:
        """Removes what no version of any table needs that has to stay: they have one catalogue."""
        from dataq_lake.ducklake import maintenance

        with writable(self.root):
            return maintenance.vacuum(self.catalogue, retention, fresh, now)

    def stored_values(self, columns: Iterable[str]) -> Iterator[list[str | None]]:
        """The values of these columns, those that the table has, in every file of any version."""
        from dataq_lake.ducklake import verifying

        names = [name for name in columns if name in self.table.schema.names]
        return verifying.values(self, names) if names else iter(())

    def _expect_present(self) -> None:
        if self._at is not None:
            raise ReadOnly(f"table {self.name} is open as it was: write to the lake as it is")
