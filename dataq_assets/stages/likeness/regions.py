"""Regions of meaning: where there are many assets, those that share none are not compared."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from dataq_assets.stages.likeness.vectors import Vectors

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Numbers = NDArray[np.int32]

EXACT = 20_000
"""Up to so many assets there is one region: all are compared with all."""
MEMBERS = 1_000
"""So many assets there are to a region when regions are made."""
SHARED = 3
"""An asset is in so many regions, those whose centers are nearest to it."""
GROWN = 4
"""Regions are made anew for so many times as many assets as they were made for."""
SAMPLE = 64
ROUNDS = 8
SEED = 1
AT_ONCE = 65_536


@dataclass(frozen=True)
class Regions:
    """`centers` (regions, dimensions), of unit length; none at all: everything is one region.

    `size` is the number of assets that they were made for.
    """

    centers: NDArray[np.float32]
    size: int

    def of(self, vectors: Vectors) -> Numbers:
        """The regions of each (n, SHARED)."""
        if not len(self.centers):
            return np.zeros((len(vectors), 1), np.int32)
        import faiss

        shared = min(SHARED, len(self.centers))
        found = np.empty((len(vectors), shared), np.int32)
        for start in range(0, len(vectors), AT_ONCE):
            rows = np.arange(start, min(start + AT_ONCE, len(vectors)), dtype=np.int32)
            unit = vectors.unit(rows)
            found[rows] = faiss.knn(unit, self.centers, shared, faiss.METRIC_INNER_PRODUCT)[1]
        return found

    def fit(self, size: int) -> bool:
        """Whether they are still good for so many."""
        if not len(self.centers):
            return size <= EXACT
        return EXACT // 2 < size <= GROWN * self.size


def make_regions(vectors: Vectors) -> Regions:
    """Regions for these: k-means over a sample of them."""
    dimensions = vectors.bytes.shape[1]
    if len(vectors) <= EXACT:
        return Regions(np.zeros((0, dimensions), np.float32), len(vectors))
    import faiss

    count = max(SHARED, len(vectors) // MEMBERS)
    step = max(1, len(vectors) // (SAMPLE * count))
    sample = vectors.unit(np.arange(0, len(vectors), step, dtype=np.int32))
    found = faiss.Kmeans(dimensions, count, niter=ROUNDS, spherical=True, seed=SEED)
    found.train(sample)
    centers: Any = found.centroids
    return Regions(centers.reshape(count, dimensions), len(vectors))


def members(regions: Numbers) -> Iterator[Numbers]:
    """The sorted numbers of those that are in each region; `regions` is (n, shared)."""
    flat = regions.ravel()
    order = np.argsort(flat, kind="stable")
    numbers = (order // regions.shape[1]).astype(np.int32)
    begin = 0
    for end in np.cumsum(np.bincount(flat)):
        if end > begin:
            yield numbers[begin:end]
        begin = int(end)
