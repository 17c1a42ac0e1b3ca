"""What every table of a lake can do, whatever engine keeps it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import polars as pl
    import pyarrow as pa

    from dataq_lake.cleaning import Freed
    from dataq_lake.damage import Damage
    from dataq_lake.difference import Difference
    from dataq_lake.log import Commit
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
    def numbers(self, ids: pl.Series, by: str) -> Numbers: ...
    def take(
        self, numbers: Numbers, columns: Iterable[str] | None, batch_bytes: int
    ) -> Iterator[pa.RecordBatch]: ...
