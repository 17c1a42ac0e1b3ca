"""Which of two texts each are alike: compared word by word, as many at a time as memory holds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from dataq_assets.stages.candidates import ends
from dataq_assets.stages.shingles import ShingleSets, jaccards, joined, shingle_sets
from dataq_lake.lake import Lake

LEAST = 0.7
AT_ONCE = 1 << 25
"""So many shingles, of eight bytes, are held; more are read again and again."""
BATCH_BYTES = 1 << 20
SCHEMA = {"source_text": pl.String, "target_text": pl.String, "strength": pl.Float64}


Read = Callable[[NDArray[np.int64]], Iterator[tuple[NDArray[np.int64], ShingleSets]]]
"""The shingles of the texts at some places, a bounded number at a time, in any order."""


def alike(pairs: NDArray[np.uint64], hashes: pl.Series, read: Read) -> pl.DataFrame:
    """Those of `pairs` whose Jaccard of shingles is .7 or more: SCHEMA, in order.

    Pairs are of places in `hashes`, the text hashes that SCHEMA has; `read` is asked for each
    text once, as long as those of all pairs can be held.
    """
    return _Comparison(pairs, hashes, read).found()


def stored_shingles(lake: Lake, texts: pl.DataFrame) -> Read:
    """Reads the shingles of `texts`, which has text_hash, in order, and text_id, from the lake."""

    def read(places: NDArray[np.int64]) -> Iterator[tuple[NDArray[np.int64], ShingleSets]]:
        handle, ids = lake.table("texts"), texts["text_id"].gather(places)
        for batch in handle.rows(ids, ["text_hash", "text"], BATCH_BYTES):
            hashes = pl.Series(batch.column("text_hash"), dtype=pl.String)
            found = texts["text_hash"].search_sorted(hashes).to_numpy().astype(np.int64)
            yield found, shingle_sets(batch.column("text").to_pylist())

    return read


class _Comparison:
    """Some pairs of texts that are read as they are needed."""

    def __init__(self, pairs: NDArray[np.uint64], hashes: pl.Series, read: Read) -> None:
        self._hashes = hashes
        self._read = read
        self._one, self._other = ends(pairs)
        self._strength = np.full(len(pairs), np.nan)
        self._place = np.full(len(hashes), -1, dtype=np.int64)
        self._sets = joined(())

    def found(self) -> pl.DataFrame:
        needed = np.union1d(self._one, self._other)
        for numbers, sets in _blocks(self._read(needed) if len(needed) else ()):
            self._sets = sets
            self._place[:] = -1
            self._place[numbers] = np.arange(len(numbers))
            self._within()
            self._across()
        hashes, kept = self._hashes, np.flatnonzero(self._strength >= LEAST)
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
