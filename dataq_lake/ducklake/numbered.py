"""The rows of a table's state by number, where DuckDB has to read them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pyarrow as pa

from dataq_lake.ducklake.reading import Reader
from dataq_lake.hashes import hashed
from dataq_lake.numbered import ROW

if TYPE_CHECKING:
    from dataq_lake.numbered import Numbers


class ReaderRows:
    """What `NumberedRows` is for Parquet files that anybody can read."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    def scan(self, columns: Iterable[str]) -> pl.LazyFrame:
        """These columns, lazily, and the column ROW with the number of each row."""
        return self._reader.scan(ROW).select([ROW, *columns])

    def hashes(self, columns: Sequence[str]) -> pl.DataFrame:
        """ROW, and the hash of each value of these columns (UInt64, null for null)."""
        found = self.scan(columns).select(ROW, *map(hashed, columns)).collect()
        return found.cast({ROW: pl.UInt32}).sort(ROW)

    def numbers(self, ids: pl.Series, by: str) -> Numbers:
        """The sorted numbers of the rows whose column `by` is in `ids`; one pass over it."""
        wanted = ids.drop_nulls().unique().alias(by)
        if wanted.is_empty():
            return np.zeros(0, np.uint32)
        found = self.scan([by]).join(wanted.to_frame().lazy(), on=by, how="semi").select(ROW)
        return np.sort(found.collect(engine="streaming")[ROW].cast(pl.UInt32).to_numpy())

    def take(
        self, numbers: Numbers, columns: Iterable[str] | None, batch_bytes: int
    ) -> Iterator[pa.RecordBatch]:
        """The rows of these sorted numbers, in their order."""
        if not len(numbers):
            return iter(())
        return self._reader.numbered(columns, batch_bytes, ROW, pa.array(numbers, pa.int64()))
