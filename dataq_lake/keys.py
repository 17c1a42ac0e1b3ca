"""Knows which keys a table already holds, in 8 bytes a row, so that writes can be repeated."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl
import pyarrow as pa


class KeyIndex:
    """The keys of one table as 64-bit hashes; a hit is confirmed against the real keys.

    `stored` scans the key columns of the table as it is now.
    """

    def __init__(self, key: tuple[str, ...], stored: Callable[[], pl.LazyFrame]) -> None:
        self._key = key
        self._stored = stored
        self._known = self._hashes(stored().collect(engine="streaming"))
        self._written = pl.DataFrame()

    def unseen(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """The rows of `batch` whose key is new, the first of each; they count as seen from now."""
        keys = self._frame(batch).with_row_index("row")
        first = keys.unique(subset=self._key, keep="first", maintain_order=True)
        hashes = self._hashes(first)
        hits = self._known.filter(self._known.is_in(hashes))  # the small side makes the hash table
        suspects = first.filter(hashes.is_in(hits))
        if suspects.height:
            first = first.join(
                self._confirmed(suspects), on="row", how="anti", maintain_order="left"
            )
        self._remember(first.select(self._key))
        if first.height == batch.num_rows:
            return batch
        return batch.take(first["row"].to_arrow())

    def committed(self) -> None:
        """What was returned so far is stored now, so its full keys need not be kept."""
        self._written = pl.DataFrame()

    def add_stored(self, keys: pl.LazyFrame) -> None:
        """Keys that another writer has committed meanwhile."""
        self._known = pl.concat([self._known, self._hashes(keys.collect())])

    def _confirmed(self, suspects: pl.DataFrame) -> pl.DataFrame:
        """The rows of `suspects` that are stored or were returned before, not just look so."""
        stored = self._stored().join(suspects.lazy(), on=self._key, how="inner", nulls_equal=True)
        found = stored.select("row").collect(engine="streaming")
        if self._written.height:
            ours = suspects.join(self._written, on=self._key, how="semi", nulls_equal=True)
            found = pl.concat([found, ours.select("row")])
        return found

    def _remember(self, keys: pl.DataFrame) -> None:
        self._known = pl.concat([self._known, self._hashes(keys)])
        self._written = pl.concat([self._written, keys]) if self._written.width else keys

    def _hashes(self, frame: pl.DataFrame) -> pl.Series:
        return frame.select(pl.struct(self._key).hash().alias("hash")).to_series()

    def _frame(self, batch: pa.RecordBatch) -> pl.DataFrame:
        return pl.DataFrame(batch.select(list(self._key)))
