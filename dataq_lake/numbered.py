"""The rows of some Parquet files by number: found once by a join, then fetched in bounded batches.

A row's number counts the rows before it, file after file. Four bytes a row are kept where ids would
take fifty, and whoever needs rows in many batches looks for them only once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pyarrow as pa

from dataq_lake import reading
from dataq_lake.hashes import KEPT, hashed
from dataq_lake.location import Location
from dataq_lake.schemas import Table

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dataq_lake.held_files import HeldFiles
    from dataq_lake.interface import RowsByNumber

    Numbers = NDArray[np.uint32]

ROW = "row"
BYTES = 32 << 20


def values_of(rows: RowsByNumber, numbers: pl.Series, column: str) -> pl.Series:
    """The value of a column in each of these rows, in their order, also of repeated ones."""
    wanted = numbers.unique().sort()
    taken = [pl.Series(batch.column(0)) for batch in rows.take(wanted.to_numpy(), [column], BYTES)]
    values = pl.concat(taken) if taken else pl.Series([], dtype=pl.String)
    return values.gather(wanted.search_sorted(numbers)).alias(column)


class NumberedRows:
    """The rows of `files`, which one version of `table` is made of, in a fixed order.

    `counts` are their rows, None where nobody knows without opening the file. With `held`, who
    reads a file that has gone is told of its version.
    """

    def __init__(
        self,
        table: Table,
        files: Sequence[Location],
        counts: Sequence[int | None] | None = None,
        held: HeldFiles | None = None,
    ) -> None:
        self._table = table
        self._held = held
        self._files = list(files)
        self._counts = counts or [None] * len(self._files)

    def scan(self, columns: Iterable[str]) -> pl.LazyFrame:
        """These columns, lazily, and the column ROW with the number of each row."""
        return self._scan(self._files).select(columns).with_row_index(ROW)

    def hashes(self, columns: Sequence[str]) -> pl.DataFrame:
        """ROW, and the hash of each value of these columns (UInt64, null for null)."""

        def read(files: Sequence[Location]) -> list[pl.DataFrame]:
            frame = self._scan(files).select(map(hashed, columns))
            counts = [
                count for file, count in zip(self._files, self._rows, strict=True) if file in files
            ]
            ends = np.cumsum(counts).tolist()
            whole = frame.collect(engine="streaming")
            return [
                whole.slice(end - count, count) for end, count in zip(ends, counts, strict=True)
            ]

        return KEPT.of(self._files, columns, read).with_row_index(ROW)

    def numbers(self, ids: pl.Series, by: str) -> Numbers:
        """The sorted numbers of the rows whose column `by` is in `ids`; one pass over it."""
        wanted = ids.drop_nulls().unique().alias(by)
        if not self._files or wanted.is_empty():
            return np.zeros(0, np.uint32)
        found = self.scan([by]).join(wanted.to_frame().lazy(), on=by, how="semi").select(ROW)
        return np.sort(found.collect(engine="streaming")[ROW].to_numpy())

    def take(
        self, numbers: Numbers, columns: Iterable[str] | None, batch_bytes: int
    ) -> Iterator[pa.RecordBatch]:
        """The rows of these sorted numbers, in their order; other row groups are not read.

        One row group is in memory at a time, cut into batches of at most `batch_bytes`.
        """
        schema = reading.chosen(self._table, columns)
        files = np.searchsorted(self._starts, numbers, side="right") - 1
        for file in np.unique(files):
            mine = numbers[files == file] - self._starts[file]
            for found in reading.row_groups(self._files[file], mine, schema):
                yield from reading.cut(found, schema, batch_bytes)

    def _scan(self, files: Sequence[Location]) -> pl.LazyFrame:
        frame = reading.scan(self._table, files)
        return frame.pipe_with_schema(self._held) if self._held else frame

    @cached_property
    def _rows(self) -> list[int]:
        """How many rows each file has."""
        return [
            reading.row_count(file) if count is None else count
            for file, count in zip(self._files, self._counts, strict=True)
        ]

    @cached_property
    def _starts(self) -> NDArray[np.int64]:
        return np.cumsum([0, *self._rows[:-1]])
