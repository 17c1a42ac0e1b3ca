"""Knows which keys a table already holds, in 8 bytes a row, so that writes can be repeated."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pyarrow as pa

from dataq_lake.log_entries import DataFile
from dataq_lake.reading import polars_schema

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Hashes = NDArray[np.uint64]

RUNS = 16


class KeyIndex:
    """The keys of one table as 64-bit hashes; a hit is confirmed against the stored keys.

    So a hash may outlive its key, and the index of one write serves the next: only files that came
    since are read. Hashes lie in a few sorted runs, which are merged when there are too many.
    """

    def __init__(self, key: tuple[str, ...], schema: pa.Schema) -> None:
        self._key = key
        self._schema = pl.Schema({name: polars_schema(schema)[name] for name in key})
        self._runs: list[Hashes] = []
        self._covered: set[str] = set()
        self._staged: list[tuple[pl.DataFrame, Hashes]] = []

    def begin(self) -> None:
        """Forgets what an earlier write has staged; it is committed, or it never will be."""
        self._staged.clear()

    def unknown(self, files: Iterable[DataFile]) -> list[DataFile]:
        """Those of `files` whose keys were not taken up."""
        return [file for file in files if file.path not in self._covered]

    def cover(
        self, files: Iterable[DataFile], keys_in: Callable[[list[DataFile]], pl.LazyFrame]
    ) -> None:
        """Takes up the keys of those of `files` that are not known yet."""
        new = self.unknown(files)
        if new:
            self._add(np.sort(self._hashes(keys_in(new).collect(engine="streaming"))))
            self._covered.update(file.path for file in new)

    def committed(self, files: Iterable[DataFile]) -> None:
        """What is staged now lies in `files`, with nothing else that was not known."""
        if self._staged:
            self._add(np.sort(np.concatenate([hashes for _, hashes in self._staged])))
        self._staged.clear()
        self._covered.update(file.path for file in files)

    def unseen(self, batch: pa.RecordBatch, stored: Callable[[], pl.LazyFrame]) -> pa.RecordBatch:
        """The rows of `batch` with a new key, the first of each; they are staged from now on.

        `stored` scans the key columns of the table as it is.
        """
        keys = pl.DataFrame(batch.select(list(self._key)))
        hashes = self._hashes(keys)
        suspects = self._suspects(hashes)
        if not suspects.any():
            self._stage(keys, hashes)
            return batch
        known = self._known(keys.with_row_index("row").filter(suspects), stored)
        fresh = np.ones(batch.num_rows, dtype=np.bool_)
        fresh[known] = False
        self._stage(keys.filter(fresh), hashes[fresh])
        return batch.filter(pa.array(fresh))

    def _known(self, suspects: pl.DataFrame, stored: Callable[[], pl.LazyFrame]) -> pl.Series:
        """The rows of `suspects` whose key is stored, staged, or on an earlier row."""
        places = [stored(), *(keys.lazy() for keys, _ in self._staged)]
        found = [
            place.join(suspects.lazy(), on=self._key, how="inner", nulls_equal=True).select("row")
            for place in places
        ]
        first = suspects.unique(self._key, keep="first").lazy()
        found.append(suspects.lazy().join(first, on="row", how="anti").select("row"))
        return pl.concat(pl.collect_all(found, engine="streaming")).to_series()

    def _suspects(self, hashes: Hashes) -> NDArray[np.bool_]:
        """Which hashes are in the index, or in this batch more than once."""
        order = np.argsort(hashes)
        ordered = hashes[order]
        twin = ordered[1:] == ordered[:-1]
        suspect = np.zeros(len(hashes), dtype=np.bool_)
        suspect[order[1:]] |= twin
        suspect[order[:-1]] |= twin
        for run in (*self._runs, *(staged for _, staged in self._staged)):
            place = np.minimum(np.searchsorted(run, ordered), len(run) - 1)
            suspect[order] |= run[place] == ordered
        return suspect

    def _stage(self, keys: pl.DataFrame, hashes: Hashes) -> None:
        if len(hashes):
            self._staged.append((keys, np.sort(hashes)))

    def _add(self, run: Hashes) -> None:
        if len(run):
            self._runs.append(run)
        if len(self._runs) > RUNS:
            self._runs = [np.sort(np.concatenate(self._runs))]

    def _hashes(self, keys: pl.DataFrame) -> Hashes:
        # a column of nulls only would hash as another type
        typed = [pl.col(name).cast(kind) for name, kind in self._schema.items()]
        return keys.select(pl.struct(typed).hash().alias("hash")).to_series().to_numpy()
