"""What an asset gets for an input: a table and some of its windows, with nothing read yet."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dataq_lake.declared_table import BATCH_BYTES
from dataq_lake.interface import LakeTable
from dataq_lake.lake import Lake

if TYPE_CHECKING:
    import polars as pl
    import pyarrow as pa


@dataclass(frozen=True)
class Slice:
    """`table` of `lake`; `windows` None means all of it. `raw` is every source's raw table."""

    lake: Lake
    table: str
    windows: tuple[str, ...] | None = None

    def handles(self) -> list[LakeTable]:
        """The tables behind this slice: one, or that of every source for `raw`."""
        if self.table == "raw":
            return [self.lake.raw(source) for source in self.lake.raw_sources()]
        return [self.lake.table(self.table)]

    def scan(self, columns: Iterable[str] | None = None) -> pl.LazyFrame:
        """The rows, lazily, with the windows' filter pushed down to the files."""
        import polars as pl

        frames = [handle.scan() for handle in self.handles()]
        frame = pl.concat(frames) if frames else self._empty()
        if self.windows is not None:
            frame = frame.filter(pl.col("window").is_in(list(self.windows)))
        return frame if columns is None else frame.select(list(columns))

    def batches(
        self, columns: Iterable[str] | None = None, batch_bytes: int = BATCH_BYTES
    ) -> Iterator[pa.RecordBatch]:
        """The rows as a stream of batches bounded by bytes."""
        names = None if columns is None else list(columns)
        for handle in self.handles():
            yield from handle.batches(names, batch_bytes, self.windows)

    def rows(
        self,
        ids: pl.Series | Iterable[str],
        columns: Iterable[str] | None = None,
        batch_bytes: int = BATCH_BYTES,
    ) -> Iterator[pa.RecordBatch]:
        """The rows of these ids, whatever their window; only files that hold them are read."""
        import polars as pl

        wanted = ids if isinstance(ids, pl.Series) else pl.Series(list(ids), dtype=pl.String)
        names = None if columns is None else list(columns)
        for handle in self.handles():
            yield from handle.rows(wanted, names, batch_bytes)

    def _empty(self) -> pl.LazyFrame:
        from dataq_lake.reading import scan
        from dataq_lake.schemas import raw_table

        return scan(raw_table("none"), [])
