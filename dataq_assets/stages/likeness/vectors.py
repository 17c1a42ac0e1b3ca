"""Vectors of a byte a dimension: their cosines are exact, in whatever order they are added up."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

LARGEST = 127
EXACT_DIMENSIONS = 1_040
"""Up to so many, a sum of products of two bytes is below 2 ** 24."""
AT_ONCE = 2_048
"""Rows: as many as fit into a core's cache, which is ten times as fast."""


@dataclass(frozen=True)
class Vectors:
    """`bytes` (n, dimensions); a vector of zeros is alike to none."""

    bytes: NDArray[np.int8]

    def __len__(self) -> int:
        return len(self.bytes)

    @cached_property
    def squares(self) -> NDArray[np.float64]:
        """The square of each one's length, a whole number; 1 for zeros."""
        found = np.empty(len(self))
        for start in range(0, len(self), AT_ONCE):
            some = self.bytes[start : start + AT_ONCE].astype(self._wide)
            found[start : start + AT_ONCE] = np.vecdot(some, some)
        return np.maximum(found, 1, out=found)

    @cached_property
    def lengths(self) -> NDArray[np.float32]:
        """The length of each, rounded; 1 for zeros."""
        found: NDArray[np.float32] = np.sqrt(self.squares).astype(np.float32)
        return found

    @property
    def exact(self) -> bool:
        """Whether a product of two is a whole number that a float32 can hold."""
        return bool(self.bytes.shape[1] <= EXACT_DIMENSIONS)

    @property
    def _wide(self) -> type[np.floating[Any]]:
        return np.float32 if self.exact else np.float64

    def unit(self, rows: NDArray[np.int32]) -> NDArray[np.float32]:
        """These rows, of unit length but for rounding."""
        found: NDArray[np.float32] = self.bytes[rows].astype(np.float32)
        found /= self.lengths[rows][:, None]
        return found

    def cosines(self, left: NDArray[np.int32], right: NDArray[np.int32]) -> NDArray[np.float64]:
        """The cosine of each pair of rows: the same for the same two, always."""
        found = np.empty(len(left))
        for start in range(0, len(left), AT_ONCE):
            some = slice(start, start + AT_ONCE)
            one = self.bytes[left[some]].astype(self._wide)
            one *= self.bytes[right[some]]
            found[some] = one.sum(axis=1)
        return self.cosines_by(found, left, right)

    def cosines_by(
        self, products: NDArray[Any], left: NDArray[np.int32], right: NDArray[np.int32]
    ) -> NDArray[np.float64]:
        """Likewise, of pairs whose products are known: whole numbers."""
        found: NDArray[np.float64] = products / np.sqrt(self.squares[left] * self.squares[right])
        return np.minimum(found, 1.0, out=found)


def in_bytes(vectors: NDArray[np.float32]) -> NDArray[np.int8]:
    """Vectors (n, dimensions) as directions in bytes, the largest number of each as LARGEST."""
    largest = np.abs(vectors).max(axis=1, keepdims=True, initial=0)
    scaled = np.divide(vectors * LARGEST, largest, out=np.zeros_like(vectors), where=largest > 0)
    found: NDArray[np.int8] = np.rint(scaled).astype(np.int8)
    return found
