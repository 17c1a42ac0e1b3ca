"""Which of two texts each are alike: compared word by word, as many at a time as memory holds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from dataq_assets.stages.candidates import ends
from dataq_assets.stages.shingles import ShingleSets, jaccards, joined, shingle_sets
from dataq_lake.lake import Lake

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

LEAST = 0.7
AT_ONCE = 1 << 25
"""So many shingles, of eight bytes, are held; more are read again and again."""
BATCH_BYTES = 1 << 20
SCHEMA = {"source_text": pl.String, "target_text": pl.String, "strength": pl.Float64}


def alike(lake: Lake, pairs: NDArray[np.uint64], texts: pl.DataFrame) -> pl.DataFrame:
    """Those of `pairs` whose Jaccard of shingles is .7 or more: SCHEMA, in order.

    Pairs are of places in `texts`, which has text_hash, in order, and text_id.
    """
    return _Comparison(lake, pairs, texts).found()


class _Comparison:
    """Some pairs of texts that are read as they are needed."""

    def __init__(self, lake: Lake, pairs: NDArray[np.uint64], texts: pl.DataFrame) -> None:
        self._handle = lake.table("texts")
        self._texts = texts
        self._one, self._other = ends(pairs)
        self._strength = np.full(len(pairs), np.nan)
        self._place = np.full(texts.height, -1, dtype=np.int64)
        self._sets = joined(())

    def found(self) -> pl.DataFrame:
        needed = np.union1d(self._one, self._other)
        for numbers, self._sets in _blocks(self._read(needed)):
            self._place[:] = -1
            self._place[numbers] = np.arange(len(numbers))
            self._within()
            self._across()
        hashes, kept = self._texts["text_hash"], np.flatnonzero(self._strength >= LEAST)
        sides = (hashes.gather(self._one[kept]), hashes.gather(self._other[kept]))
        told = zip(SCHEMA, (*sides, self._strength[kept]), strict=True)
        return pl.DataFrame(dict(told), schema=SCHEMA)

    def _within(self) -> None:
        """The pairs of which both are held."""
        one, other = self._place[self._one], self._place[self._other]
        both = np.flatnonzero((one >= 0) & (other >= 0) & np.isnan(self._strength))
        self._strength[both] = jaccards(self._sets, one[both], self._sets, other[both])

    def _across(self) -> None:
        """Those of which one is held, and the other read for them."""
        one, other = self._place[self._one], self._place[self._other]
        half = np.flatnonzero(((one >= 0) != (other >= 0)) & np.isnan(self._strength))
        if not len(half):
            return
        held = np.maximum(one[half], other[half])
        away = np.where(one[half] >= 0, self._other[half], self._one[half])
        order = np.argsort(away, kind="stable")
        half, held, away = half[order], held[order], away[order]
        for numbers, sets in self._read(np.unique(away)):
            low = np.searchsorted(away, numbers, side="left")
            high = np.searchsorted(away, numbers, side="right")
            counts = high - low
            texts = np.repeat(np.arange(len(numbers)), counts)
            which = np.arange(len(texts)) - (np.cumsum(counts) - counts)[texts] + low[texts]
            self._strength[half[which]] = jaccards(self._sets, held[which], sets, texts)

    def _read(self, numbers: NDArray[np.int64]) -> Iterator[tuple[NDArray[np.int64], ShingleSets]]:
        """The shingles of texts, in the order in which they are stored."""
        if not len(numbers):
            return
        ids = self._texts["text_id"].gather(numbers)
        for batch in self._handle.rows(ids, ["text_hash", "text"], BATCH_BYTES):
            yield self._numbers(batch), shingle_sets(batch.column("text").to_pylist())

    def _numbers(self, batch: pa.RecordBatch) -> NDArray[np.int64]:
        hashes = pl.Series(batch.column("text_hash"), dtype=pl.String)
        return self._texts["text_hash"].search_sorted(hashes).to_numpy().astype(np.int64)


def _blocks(
    read: Iterable[tuple[NDArray[np.int64], ShingleSets]],
) -> Iterator[tuple[NDArray[np.int64], ShingleSets]]:
    """As many together as may be held."""
    numbers: list[NDArray[np.int64]] = []
    sets: list[ShingleSets] = []
    for some, made in read:
        numbers.append(some)
        sets.append(made)
        if sum(len(each.hashes) for each in sets) >= AT_ONCE:
            yield _block(numbers, sets)
            numbers, sets = [], []
    if numbers:
        yield _block(numbers, sets)


def _block(
    numbers: Sequence[NDArray[np.int64]], sets: Sequence[ShingleSets]
) -> tuple[NDArray[np.int64], ShingleSets]:
    return np.concatenate(numbers), joined(sets)
