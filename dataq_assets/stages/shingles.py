"""Texts as sets of neighbouring words: their MinHash, and how much two of them share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

if TYPE_CHECKING:
    from numpy.typing import NDArray

WORDS = 3
MOST_WORDS = 100_000
"""Longer texts are compared by their beginning."""
BANDS = 25
ROWS = 5
"""Texts of Jaccard .7 share one of 25 bands of 5 minima in 99 of 100 cases, of .3 in 6."""
SEED = 1
# Another version of Polars may hash words in another way.
METHOD = f"minhash-{WORDS}w-{BANDS}x{ROWS}-1-{pl.__version__}"
_MIX = np.uint64(0x9E3779B97F4A7C15)  # 2**64 / golden ratio: Fibonacci hashing, Knuth 6.4
_SHIFT = np.uint64(29)


def shingles(texts: Sequence[str]) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    """Each three words in a row of each text, in small letters, as hashes of 64 bits.

    The hashes of all texts, one after another, and where each text's begin (and the last ends).
    A text of fewer words has none.
    """
    words = pl.Series(texts, dtype=pl.String).str.to_lowercase().str.extract_all(r"\w+")
    words = words.list.head(MOST_WORDS)
    counts = words.list.len().to_numpy()
    hashes = words.filter(words.list.len() > 0).explode().hash().to_numpy()
    owners = np.repeat(np.arange(len(texts)), counts)
    size = max(0, len(hashes) - WORDS + 1)
    mixed = np.zeros(size, dtype=np.uint64)
    for word in range(WORDS):
        mixed = _mixed(mixed, hashes[word : word + size])
    within = owners[:size] == owners[WORDS - 1 : WORDS - 1 + size]
    starts = np.zeros(len(texts) + 1, dtype=np.uint64)
    starts[1:] = np.cumsum(np.maximum(counts.astype(np.int64) - WORDS + 1, 0))
    return mixed[within], starts


def shingle_sets(texts: Sequence[str]) -> list[NDArray[np.uint64]]:
    """The shingles of each text, each once, in order."""
    hashes, starts = shingles(texts)
    return [np.unique(each) for each in np.split(hashes, starts[1:-1].astype(np.int64))]


def sketch(texts: Sequence[str]) -> NDArray[np.int64]:
    """The bands of each text, (n, BANDS); those of texts without shingles mean nothing."""
    import rensa

    hashes, starts = shingles(texts)
    found = rensa.RMinHash.digest_matrix_from_flat_token_hashes(hashes, starts, BANDS * ROWS, SEED)
    minima = np.array(found.to_rows(), dtype=np.uint64).reshape(-1, BANDS, ROWS)
    mixed = np.tile(np.arange(BANDS, dtype=np.uint64), (len(texts), 1))
    for row in range(ROWS):
        mixed = _mixed(mixed, minima[:, :, row])
    mixed[starts[1:] == starts[:-1]] = 0
    return mixed.view(np.int64)


def jaccard(left: NDArray[np.uint64], right: NDArray[np.uint64]) -> float:
    """The share of the shingles of both, as of `shingle_sets`, that each of them has."""
    shared = len(np.intersect1d(left, right, assume_unique=True))
    return shared / (len(left) + len(right) - shared)


def _mixed(hashes: NDArray[np.uint64], more: NDArray[np.uint64]) -> NDArray[np.uint64]:
    mixed = (hashes ^ more) * _MIX
    return mixed ^ (mixed >> _SHIFT)
