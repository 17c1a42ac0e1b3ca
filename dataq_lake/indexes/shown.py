"""What a hit shows of each row of a part: an Arrow file, a few rows of which cost little to read.

Written in pieces of PIECE_ROWS rows, compressed each; a hit costs the reading of one piece.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from dataq_lake.errors import REPAIR, IndexDamaged
from dataq_lake.schemas import ID, TIME

if TYPE_CHECKING:
    from numpy.typing import NDArray

PIECE_ROWS = 64
AT_ONCE = 64 * PIECE_ROWS
FILE = "shown.arrow"
SHOWN = pa.schema(
    [
        ("asset_id", ID),
        ("source", pa.string()),
        ("path", pa.string()),
        ("mime_type", pa.string()),
        ("timestamp", TIME),
        ("title", pa.string()),
        ("text", pa.large_string()),
        ("language", pa.string()),
    ]
)


class Shown:
    """The rows of one part as hits show them, in the part's order."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __len__(self) -> int:
        pieces: int = self._file.num_record_batches
        if not pieces:
            return 0
        last: int = self._piece(pieces - 1).num_rows
        return (pieces - 1) * PIECE_ROWS + last

    def rows(self, numbers: NDArray[np.int64]) -> pa.Table:
        """The rows of these numbers, in their order."""
        pieces, places = np.divmod(numbers, PIECE_ROWS)
        read = {number: self._piece(number) for number in _distinct(pieces)}
        found = [
            read[piece].slice(place, 1)
            for piece, place in zip(pieces.tolist(), places.tolist(), strict=True)
        ]
        return pa.Table.from_batches(found, self._file.schema)

    def asset_ids(self, numbers: NDArray[np.int64]) -> list[str]:
        """The asset of each of these rows, in their order; nothing else is unpacked."""
        pieces, places = np.divmod(numbers, PIECE_ROWS)
        read = {number: self._assets.get_batch(number)[0] for number in _distinct(pieces)}
        both = zip(pieces.tolist(), places.tolist(), strict=True)
        return [read[piece][place].as_py() for piece, place in both]

    def taken(self, numbers: NDArray[np.int64]) -> pa.Table:
        """The rows of these numbers, which ascend and are near each other: many at once."""
        first, last = (numbers[[0, -1]] // PIECE_ROWS).tolist()
        pieces = [self._piece(number) for number in range(first, last + 1)]
        return pa.Table.from_batches(pieces, SHOWN).take(numbers - first * PIECE_ROWS)

    @cached_property
    def _file(self) -> Any:
        return self._opened()

    @cached_property
    def _assets(self) -> Any:
        return self._opened(included_fields=[0])

    def _opened(self, **what: Any) -> Any:
        options = pa.ipc.IpcReadOptions(use_threads=False, **what)  # to ask them takes longer
        try:
            return pa.ipc.open_file(pa.memory_map(str(self._folder / FILE)), options=options)
        except (OSError, pa.ArrowInvalid) as error:
            raise self._damaged() from error

    def _piece(self, number: int) -> pa.RecordBatch:
        try:
            return self._file.get_batch(number)
        except (OSError, pa.ArrowInvalid) as error:
            raise self._damaged() from error

    def _damaged(self) -> IndexDamaged:
        return IndexDamaged(f"{FILE} of index part {self._folder.name} cannot be read: {REPAIR}")


def _distinct(numbers: NDArray[np.int64]) -> list[int]:
    """Each of the numbers once; NumPy's own way imports 10 ms of what a search does not need."""
    return sorted(set(numbers.tolist()))


def write_shown(folder: Path, rows: pa.Table, order: NDArray[np.int64]) -> None:
    """Stores `rows`, of the columns SHOWN, in this order."""
    starts = range(0, len(order), AT_ONCE)
    write_tables(folder, (rows.take(order[start : start + AT_ONCE]) for start in starts))


def write_tables(folder: Path, tables: Iterable[pa.Table]) -> None:
    """Stores the rows of `tables`; each but the last has a multiple of PIECE_ROWS."""
    options = pa.ipc.IpcWriteOptions(compression="lz4", use_threads=False)
    with pa.ipc.new_file(str(folder / FILE), SHOWN, options=options) as file:
        for table in tables:
            file.write_table(table.combine_chunks(), max_chunksize=PIECE_ROWS)
