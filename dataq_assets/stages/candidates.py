"""Which texts are to be compared: those that share a band, boundedly many of each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from dataq_assets.stages.shingles import BANDS

if TYPE_CHECKING:
    from numpy.typing import NDArray

EVERY_TWO = 20
"""So many texts that share a band are compared each with each."""
HUBS = 4
"""Of more, each is compared with so many of them: those with the smallest hashes."""
_HALF = np.uint64(32)
_OTHER = np.uint64((1 << 32) - 1)


def candidates(sketches: pl.DataFrame, hashes: pl.Series) -> NDArray[np.uint64]:
    """The pairs of texts to compare, by their places among `hashes`: in order, each once.

    The smaller place is in the upper 32 of 64 bits, see `ends`.

    `sketches` has text_hash and bands. It is a matter of these texts alone: in whatever order they
    came, the same are compared.
    """
    rows = sketches.lazy().filter(pl.col("bands").list.len() > 0)
    known = rows.select("text_hash", "bands").sort("text_hash").collect()
    numbers = hashes.search_sorted(known["text_hash"]).to_numpy().astype(np.uint64)
    bands = known["bands"].explode().to_numpy().reshape(-1, BANDS)
    found = np.zeros(0, dtype=np.uint64)
    for band in range(BANDS):
        found = np.union1d(found, _sharing(bands[:, band], numbers))
    return found


def ends(pairs: NDArray[np.uint64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The numbers of the one and of the other text of each pair."""
    return (pairs >> _HALF).astype(np.int64), (pairs & _OTHER).astype(np.int64)


def pairs_of(one: NDArray[np.uint64], other: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Pairs of the numbers of two texts each, the smaller one first."""
    return (one << _HALF) | other


def _sharing(values: NDArray[np.int64], numbers: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """The pairs of one band."""
    order = np.argsort(values, kind="stable")
    ordered = values[order]
    first = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]]))
    sizes = np.diff(first, append=len(ordered))
    small, large = (sizes > 1) & (sizes <= EVERY_TWO), sizes > EVERY_TWO
    texts = numbers[order]
    each = (_from(n, first[small], sizes[small], texts) for n in range(EVERY_TWO - 1))
    hubs = (_from(n, first[large], sizes[large], texts) for n in range(HUBS))
    return np.concatenate([np.zeros(0, dtype=np.uint64), *each, *hubs])


def _from(
    place: int, first: NDArray[np.int64], sizes: NDArray[np.int64], texts: NDArray[np.uint64]
) -> NDArray[np.uint64]:
    """The pairs of each group's text at a place with those behind it."""
    left = sizes - place - 1
    first, left = first[left > 0], left[left > 0]
    groups = np.repeat(np.arange(len(first)), left)
    behind = np.arange(len(groups)) - (np.cumsum(left) - left)[groups]
    hubs = first[groups] + place
    return pairs_of(texts[hubs], texts[hubs + 1 + behind])
