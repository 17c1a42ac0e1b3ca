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
from dataq_lake.location import Location
from dataq_lake.schemas import Table

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dataq_lake.held_files import HeldFiles

    Numbers = NDArray[np.uint32]

ROW = "row"


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
        frame = reading.scan(self._table, self._files)
        held = frame.pipe_with_schema(self._held) if self._held else frame
        return held.select(columns).with_row_index(ROW)

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

    @cached_property
    def _starts(self) -> NDArray[np.int64]:
        counts = [
            reading.row_count(file) if count is None else count
            for file, count in zip(self._files, self._counts, strict=True)
        ]
        return np.cumsum([0, *counts[:-1]])
