"""The table `positions`: where assets stand, and in which regions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pyarrow as pa

from dataq_assets.stages.arrow import batch_of
from dataq_assets.stages.likeness.regions import Regions
from dataq_assets.stages.likeness.standing import WHO
from dataq_lake.ids import make_id
from dataq_lake.lake import Lake
from dataq_lake.numbered import ROW
from dataq_lake.schemas import TABLES
from dataq_lake.table import BATCH_BYTES

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dataq_lake.numbered import Numbers

ROUND_ROWS = 10_000


@dataclass(frozen=True)
class Positions:
    """Some assets (`who`: WHO), the vector (n, dimensions) and the regions (n, shared) of each."""

    who: pl.DataFrame
    bytes: NDArray[np.int8]
    regions: NDArray[np.int32]

    def take(self, rows: NDArray[np.int64]) -> Positions:
        """These of them."""
        return Positions(self.who[rows], self.bytes[rows], self.regions[rows])


def stored_places(lake: Lake, kept: Numbers) -> tuple[pl.DataFrame, NDArray[np.int32]]:
    """WHO the rows of the table with these sorted numbers are, and their regions."""
    if not len(kept):
        return pl.DataFrame(schema=dict.fromkeys(WHO, pl.String)), np.zeros((0, 1), np.int32)
    rows = lake.table("positions").numbered().scan([*WHO, "regions"]).collect()
    if len(kept) < rows.height:
        rows = rows.filter(pl.col(ROW).is_in(kept))
    places = rows["regions"].explode(empty_as_null=False).to_numpy()
    return rows.select(WHO), places.reshape(len(kept), -1)


def read_vectors(
    lake: Lake, kept: Numbers, into: NDArray[np.int8], places: NDArray[np.int64]
) -> None:
    """Puts the vectors of these rows at `places` of `into` (n, dimensions), some at a time."""
    begin = 0
    for batch in lake.table("positions").numbered().take(kept, ["vector"], BATCH_BYTES):
        end = begin + batch.num_rows
        into[places[begin:end]] = _bytes(batch.column(0)).reshape(batch.num_rows, -1)
        begin = end


def rows_of(positions: Positions, method: str, run_id: str) -> Iterator[pa.RecordBatch]:
    """Their rows in the table."""
    schema = TABLES["positions"].schema
    for start in range(0, len(positions.bytes), ROUND_ROWS):
        some = slice(start, start + ROUND_ROWS)
        vectors, regions = positions.bytes[some], positions.regions[some]
        who = positions.who[some].to_arrow()
        rows = len(vectors)
        columns = {
            **{name: who.column(name).combine_chunks().cast(pa.string()) for name in WHO},
            "method": pa.repeat(method, rows),
            "regions": pa.ListArray.from_arrays(
                _offsets(rows, regions.shape[1]), pa.array(regions.ravel(), pa.int32())
            ),
            "vector": pa.Array.from_buffers(
                pa.binary(),
                rows,
                [
                    None,
                    _offsets(rows, vectors.shape[1]).buffers()[1],
                    pa.py_buffer(vectors.tobytes()),
                ],
            ),
            "run_id": pa.repeat(run_id, rows),
        }
        yield pa.RecordBatch.from_arrays([columns[each] for each in schema.names], schema=schema)


def stored_regions(lake: Lake, method: str, dimensions: int) -> Regions:
    """The regions of the table, none if there are none by this method."""
    rows = lake.table("regions").scan().filter(pl.col("method") == method).collect()
    ordered = rows.sort("number")
    centers = ordered["center"].explode(empty_as_null=False).to_numpy().reshape(-1, dimensions)
    size = int(rows["assets"][0]) if rows.height else 0
    return Regions(centers.astype(np.float32), size)


def rows_of_regions(regions: Regions, method: str, run_id: str) -> Iterator[pa.RecordBatch]:
    """Their rows in the table."""
    rows = [
        {
            "id": make_id("region", method, regions.size, number),
            "method": method,
            "number": number,
            "center": center,
            "assets": regions.size,
            "run_id": run_id,
        }
        for number, center in enumerate(regions.centers)
    ]
    if rows:
        yield batch_of("regions", rows)


def _offsets(rows: int, width: int) -> pa.Array:
    return pa.array(np.arange(0, rows * width + 1, width, dtype=np.int32))


def _bytes(column: pa.BinaryArray) -> NDArray[np.int8]:
    offsets = np.frombuffer(column.buffers()[1], np.int32)[column.offset :]
    return np.frombuffer(column.buffers()[2], np.int8)[offsets[0] : offsets[len(column)]]
