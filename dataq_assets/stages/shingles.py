"""Texts as sets of neighbouring words: their MinHash, and how much two of them share."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dataq_assets.stages.word_hashes import mixed, word_hashes

if TYPE_CHECKING:
    from numpy.typing import NDArray

WORDS = 3
MOST_WORDS = 100_000
"""Longer texts are compared by their beginning."""
BANDS = 25
ROWS = 5
"""Texts of Jaccard .7 share one of 25 bands of 5 minima in 99 of 100 cases, of .3 in 6."""
SEED = 1
METHOD = f"minhash-{WORDS}w-{BANDS}x{ROWS}-2"
AT_ONCE = 256
"""More texts at a time do not fit the processor's caches."""
_OWNER_BITS, _HASH_BITS = np.uint64(16), np.uint64(48)
_HASH = np.uint64((1 << 48) - 1)
_COMPARED_AT_ONCE = 1 << 19


@dataclass(frozen=True)
class ShingleSets:
    """The shingles of some texts, by 48 bits of their hashes: each once, in order.

    Those of text n are `hashes[starts[n]:starts[n + 1]]`.
    """

    hashes: NDArray[np.uint64]
    starts: NDArray[np.int64]

    @property
    def sizes(self) -> NDArray[np.int64]:
        """How many each text has."""
        return np.diff(self.starts)

    def keys(self, texts: NDArray[np.int64]) -> NDArray[np.uint64]:
        """The shingles of each of up to 65,536 `texts`, below the number of its place there."""
        sizes = self.sizes[texts]
        owners = np.repeat(np.arange(len(texts)), sizes)
        skipped = self.starts[texts] - np.cumsum(sizes) + sizes
        found = self.hashes[np.arange(len(owners)) + skipped[owners]]
        return found | (owners.astype(np.uint64) << _HASH_BITS)


def shingles(texts: Sequence[str]) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    """Each three words in a row of each text, in small letters, as hashes of 64 bits.

    The hashes of all texts, one after another, and where each text's begin (and the last ends).
    A text of fewer words has none.
    """
    hashes, counts = word_hashes(texts)
    owners = np.repeat(np.arange(len(texts)), counts)
    if counts.max(initial=0) > MOST_WORDS:
        first = np.cumsum(counts) - counts
        kept = np.arange(len(owners)) - first[owners] < MOST_WORDS
        hashes, owners, counts = hashes[kept], owners[kept], np.minimum(counts, MOST_WORDS)
    size = max(0, len(hashes) - WORDS + 1)
    found = np.zeros(size, dtype=np.uint64)
    for word in range(WORDS):
        found = mixed(found, hashes[word : word + size])
    within = owners[:size] == owners[WORDS - 1 : WORDS - 1 + size]
    starts = np.zeros(len(texts) + 1, dtype=np.uint64)
    starts[1:] = np.cumsum(np.maximum(counts - WORDS + 1, 0))
    return found[within], starts


def shingle_sets(texts: Sequence[str]) -> ShingleSets:
    """The shingles of each text."""
    made = [_sets(texts[start : start + AT_ONCE]) for start in range(0, len(texts), AT_ONCE)]
    return joined(made)


def joined(sets: Sequence[ShingleSets]) -> ShingleSets:
    """Those of all of them, one after another."""
    hashes = np.concatenate([np.zeros(0, np.uint64), *(each.hashes for each in sets)])
    sizes = np.concatenate([np.zeros(1, np.int64), *(each.sizes for each in sets)])
    return ShingleSets(hashes, np.cumsum(sizes))


def _sets(texts: Sequence[str]) -> ShingleSets:
    hashes, starts = shingles(texts)
    owners = np.repeat(np.arange(len(texts), dtype=np.uint64), np.diff(starts).astype(np.int64))
    keys = np.sort((owners << _HASH_BITS) | (hashes >> _OWNER_BITS))
    keys = keys[np.concatenate([[True], keys[1:] != keys[:-1]])] if len(keys) else keys
    borders = np.arange(len(texts) + 1, dtype=np.uint64) << _HASH_BITS
    return ShingleSets(keys & _HASH, np.searchsorted(keys, borders))


def sketch(texts: Sequence[str]) -> NDArray[np.int64]:
    """The bands of each text, (n, BANDS); those of texts without shingles mean nothing."""
    made = [_bands(texts[start : start + AT_ONCE]) for start in range(0, len(texts), AT_ONCE)]
    return np.concatenate([np.zeros((0, BANDS), np.int64), *made])


def _bands(texts: Sequence[str]) -> NDArray[np.int64]:
    import rensa

    hashes, starts = shingles(texts)
    found = rensa.RMinHash.digest_matrix_from_flat_token_hashes(hashes, starts, BANDS * ROWS, SEED)
    minima = np.array(found.to_rows(), dtype=np.uint64).reshape(-1, BANDS, ROWS)
    bands = np.tile(np.arange(BANDS, dtype=np.uint64), (len(texts), 1))
    for row in range(ROWS):
        bands = mixed(bands, minima[:, :, row])
    bands[starts[1:] == starts[:-1]] = 0
    return bands.view(np.int64)


def jaccards(
    one: ShingleSets, ones: NDArray[np.int64], other: ShingleSets, others: NDArray[np.int64]
) -> NDArray[np.float64]:
    """The share of the shingles of each two texts that both of them have.

    `ones` are numbers of texts in `one`, `others` in `other`, in pairs; none without shingles.
    """
    both = one.sizes[ones] + other.sizes[others]
    found = np.zeros(len(ones))
    for start, end in _pieces(both):
        shared = _shared(one.keys(ones[start:end]), other.keys(others[start:end]), end - start)
        found[start:end] = shared / (both[start:end] - shared)
    return found


def _pieces(sizes: NDArray[np.int64]) -> Iterator[tuple[int, int]]:
    """Where to cut so that few pairs and few shingles are at hand at a time."""
    ends, start = np.cumsum(sizes), 0
    while start < len(sizes):
        done = ends[start] - sizes[start]
        fitting = int(np.searchsorted(ends, done + _COMPARED_AT_ONCE, side="right"))
        end = min(max(fitting, start + 1), start + (1 << 15))
        yield start, end
        start = end


def _shared(one: NDArray[np.uint64], other: NDArray[np.uint64], count: int) -> NDArray[np.int64]:
    # both are in order: to sort them stably is to merge them
    keys = np.sort(np.concatenate([one, other]), kind="stable")
    twice = keys[1:][keys[1:] == keys[:-1]]
    return np.bincount((twice >> _HASH_BITS).astype(np.int64), minlength=count)
