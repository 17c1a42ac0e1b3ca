"""What a table is on every engine: a declaration, a newest version, and rows by their ids."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from dataq_lake.errors import UpgradeDataq

if TYPE_CHECKING:
    from datetime import datetime

    import polars as pl
    import pyarrow as pa

    from dataq_lake.held_files import HeldFiles
    from dataq_lake.interface import RowsByNumber, TableState
    from dataq_lake.location import Location
    from dataq_lake.schemas import Table

BATCH_BYTES = 32 << 20


class DeclaredTable(ABC):
    """The part of a table's handle that no engine changes; see `dataq_lake.interface.LakeTable`."""

    def __init__(self, name: str, root: Location, settle: Callable[[], None]) -> None:
        self.name = name
        self.root = root
        self.settle = settle
        """Brings to disk what rows may point to; called before every commit."""

    @abstractmethod
    def snapshot(
        self, version: int | None = None, as_of: datetime | str | None = None
    ) -> TableState | None:
        """The table now, at `version` or at the time `as_of`; None if there is none."""

    @abstractmethod
    def numbered(self) -> RowsByNumber:
        """The rows as they are now, to be found once and fetched by number in many batches."""

    @cached_property
    def table(self) -> Table:
        """The table's declaration; raises UnknownTable."""
        from dataq_lake.schemas import declared

        return declared(self.name)

    @property
    def exists(self) -> bool:
        """Whether anything was ever written to the table."""
        return self.snapshot() is not None

    def version(self) -> int | None:
        """The newest version, None where nothing was ever written."""
        snapshot = self.snapshot()
        return None if snapshot is None else snapshot.version

    def rows(
        self,
        ids: pl.Series | Iterable[str],
        columns: Iterable[str] | None = None,
        batch_bytes: int = BATCH_BYTES,
    ) -> Iterator[pa.RecordBatch]:
        """The rows whose first key column is in `ids`, in bounded batches.

        Only row groups that hold such a value are read beyond this column.
        """
        import polars as pl

        wanted = ids if isinstance(ids, pl.Series) else pl.Series(list(ids), dtype=pl.String)
        rows = self.numbered()
        return rows.take(rows.numbers(wanted, self.table.key[0]), columns, batch_bytes)

    def held(
        self, frame: pl.LazyFrame, state: TableState | None, files: Sequence[Location]
    ) -> pl.LazyFrame:
        """`frame`, which reads the `files` of `state`, with a clear error if they go before it."""
        held = self.holding(state, files)
        return frame if held is None else frame.pipe_with_schema(held)

    def holding(self, state: TableState | None, files: Sequence[Location]) -> HeldFiles | None:
        """What tells of the `files` of `state` if they go; None where there are none."""
        from dataq_lake.held_files import HeldFiles

        if state is None or not files:
            return None
        return HeldFiles(self.root, self.name, state.version, tuple(files))

    def expect_known(self, found: TableState) -> None:
        """Raises UpgradeDataq for a state that a newer DataQ has written."""
        if found.schema_version == 1:  # the first can never be too new
            return
        if found.schema_version > self.table.version:
            raise UpgradeDataq(
                f"table {self.name} has schema version {found.schema_version}, this DataQ "
                f"knows up to {self.table.version}: upgrade DataQ"
            )
