"""What every table of a lake can do, whatever engine keeps it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import polars as pl
    import pyarrow as pa

    from dataq_lake.cleaning import Freed
    from dataq_lake.damage import Damage
    from dataq_lake.difference import Difference
    from dataq_lake.location import Location
    from dataq_lake.log_entries import Commit
    from dataq_lake.numbered import Numbers
    from dataq_lake.schemas import Table
    from dataq_lake.written import CommitInfo, Written


class StoredFile(Protocol):
    """A data file of a state; `size` in bytes."""

    @property
    def path(self) -> str: ...
    @property
    def size(self) -> int: ...


class TableState(Protocol):
    """A table at one version."""

    @property
    def version(self) -> int: ...
    @property
    def files(self) -> Sequence[StoredFile]: ...
    @property
    def columns(self) -> tuple[str, ...]: ...
    @property
    def schema_version(self) -> int: ...


class TableLog(Protocol):
    """What is told of a table's versions."""

    def history(self) -> Iterator[Commit]: ...
    def version_at(self, time: datetime) -> int: ...


class RowsByNumber(Protocol):
    """The rows of one state, found once and fetched by number; see `NumberedRows`."""

    def scan(self, columns: Iterable[str]) -> pl.LazyFrame: ...
    def hashes(self, columns: Sequence[str]) -> pl.DataFrame: ...
    def numbers(self, ids: pl.Series, by: str) -> Numbers: ...
    def take(
        self, numbers: Numbers, columns: Iterable[str] | None, batch_bytes: int
    ) -> Iterator[pa.RecordBatch]: ...


@dataclass(frozen=True)
class Relation:
    """A table's rows for any DuckDB: a select of all columns, the files it reads, their bytes.

    `version` is that of the table, None where it has none.
    """

    select: str
    files: tuple[str, ...] = ()
    sizes: tuple[int, ...] = ()
    version: int | None = None


class LakeTable(Protocol):
    """One table of a lake: read it now or as it was; write to it through an IO manager.

    Delta's is `dataq_lake.table.TableHandle`, DuckLake's `dataq_lake.ducklake.table.DuckLakeTable`;
    their docstrings say more. Versions are numbers that grow; between two of a table there may be
    others that are not its own.
    """

    name: str
    settle: Callable[[], None]

    @property
    def table(self) -> Table: ...
    @property
    def exists(self) -> bool: ...
    @property
    def log(self) -> TableLog: ...

    def version(self) -> int | None: ...
    def snapshot(
        self, version: int | None = None, as_of: datetime | str | None = None
    ) -> TableState | None: ...
    def files(
        self, version: int | None = None, as_of: datetime | str | None = None
    ) -> Sequence[Location]: ...
    def relation(self) -> Relation: ...
    def history(self) -> list[Commit]: ...

    def scan(
        self,
        columns: Iterable[str] | None = None,
        version: int | None = None,
        as_of: datetime | str | None = None,
    ) -> pl.LazyFrame: ...
    def rows(
        self,
        ids: pl.Series | Iterable[str],
        columns: Iterable[str] | None = None,
        batch_bytes: int = ...,
    ) -> Iterator[pa.RecordBatch]: ...
    def numbered(self) -> RowsByNumber: ...
    def batches(
        self,
        columns: Iterable[str] | None = None,
        batch_bytes: int = ...,
        windows: Iterable[str] | None = None,
    ) -> Iterator[pa.RecordBatch]: ...
    def count(self) -> int: ...

    def append(
        self,
        batches: Iterable[pa.RecordBatch],
        commit: CommitInfo | None = None,
        committed: Callable[[Written], None] | None = None,
    ) -> Written: ...
    def insert_new(
        self,
        batches: Iterable[pa.RecordBatch],
        commit: CommitInfo | None = None,
        committed: Callable[[Written], None] | None = None,
    ) -> Written: ...
    def apply(self, difference: Difference, commit: CommitInfo | None = None) -> Written: ...
    def clear(self, commit: CommitInfo | None = None) -> Written: ...

    def damage(self, told: Callable[[int], object] = ...) -> Iterator[Damage]: ...
    def merge(self, commit: CommitInfo | None = None) -> bool: ...
    def vacuum(self, retention: timedelta, fresh: timedelta, now: datetime) -> Freed: ...
    def stored_values(self, columns: Iterable[str]) -> Iterator[list[str | None]]: ...
