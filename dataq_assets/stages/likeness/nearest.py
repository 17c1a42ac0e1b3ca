"""The nearest neighbours of each of many, as they are found."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Numbers = NDArray[np.int32]
    Cosines = NDArray[np.float64]

NOBODY = -1


class Nearest:
    """The up to `count` nearest of each of `size`, none further than `least`, the nearest first.

    `others` (size, count) are their numbers, NOBODY after the last; of equal ones the smaller
    number comes first. `bar` (size) is what another has to reach to be among them.
    """

    def __init__(self, size: int, count: int, least: float) -> None:
        self.count = count
        self.least = least
        self.others = np.full((size, count), NOBODY, np.int32)
        self.cosines = np.zeros((size, count))
        self.bar = np.full(size, least)
        self.changed = np.zeros(size, np.bool_)

    def offer(self, left: Numbers, right: Numbers, cosines: Cosines) -> None:
        """Pairs of two that are so near to each other; each may be among the other's nearest."""
        mine = np.concatenate([left, right])
        others = np.concatenate([right, left])
        both = np.concatenate([cosines, cosines])
        good = both >= self.bar[mine]
        if good.all():
            self._keep(mine, others, both)
        elif good.any():
            self._keep(mine[good], others[good], both[good])

    def forget(self, rows: Numbers) -> None:
        """Nobody is known to be near to these."""
        self.others[rows] = NOBODY
        self.cosines[rows] = 0
        self.bar[rows] = self.least
        self.changed[rows] = True

    def full(self) -> NDArray[np.bool_]:
        """Who has as many as may be."""
        found: NDArray[np.bool_] = self.others[:, -1] != NOBODY
        return found

    def has(self, left: Numbers, right: Numbers) -> NDArray[np.bool_]:
        """Of which pairs either is among the other's nearest."""
        found = np.zeros(len(left), np.bool_)
        for start in range(0, len(left), 1 << 18):
            some = slice(start, start + (1 << 18))
            one, other = left[some], right[some]
            found[some] = (self.others[one] == other[:, None]).any(axis=1)
            found[some] |= (self.others[other] == one[:, None]).any(axis=1)
        return found

    def pairs(self) -> tuple[Numbers, Numbers, Cosines]:
        """The pairs in the lists that have changed, the larger number first; some come twice."""
        rows = np.flatnonzero(self.changed).astype(np.int32)
        others, cosines = self.others[rows], self.cosines[rows]
        there = others != NOBODY
        mine = np.repeat(rows, there.sum(axis=1))
        return np.maximum(mine, others[there]), np.minimum(mine, others[there]), cosines[there]

    def _keep(self, rows: Numbers, others: Numbers, cosines: Cosines) -> None:
        marks = np.zeros(len(self.bar), np.bool_)
        marks[rows] = True
        touched = np.flatnonzero(marks).astype(np.int32)
        known = self.others[touched]
        there = known != NOBODY
        if there.any():
            rows = np.concatenate([np.repeat(touched, there.sum(axis=1)), rows])
            others = np.concatenate([known[there], others])
            cosines = np.concatenate([self.cosines[touched][there], cosines])
        order = _nearest_first(rows, others, cosines)
        rows, others, cosines = rows[order], others[order], cosines[order]
        first = np.ones(len(rows), np.bool_)
        first[1:] = (rows[1:] != rows[:-1]) | (others[1:] != others[:-1])
        rows, others, cosines = rows[first], others[first], cosines[first]
        begins = np.searchsorted(rows, touched)
        place = np.arange(len(rows)) - np.repeat(begins, np.diff([*begins, len(rows)]))
        best = place < self.count
        self._put(touched, rows[best], place[best], others[best], cosines[best])

    def _put(
        self,
        touched: Numbers,
        rows: Numbers,
        place: NDArray[np.int64],
        others: Numbers,
        cosines: Cosines,
    ) -> None:
        self.others[touched] = NOBODY
        self.cosines[touched] = 0
        self.others[rows, place] = others
        self.cosines[rows, place] = cosines
        last = self.cosines[touched, -1]
        self.bar[touched] = np.where(self.others[touched, -1] != NOBODY, last, self.least)
        self.changed[touched] = True


def _nearest_first(rows: Numbers, others: Numbers, cosines: Cosines) -> NDArray[np.int64]:
    """The order by row, in it the largest cosine first, of equal ones the smaller number first.

    Sorted by one number of row and rounded cosine, which is several times as fast as by three
    columns; those of which that is equal are put in order by all three.
    """
    rounded = np.maximum(cosines, 0).astype(np.float32).view(np.uint32)
    keys = (rows.astype(np.uint64) << np.uint64(32)) | ~rounded
    order = np.argsort(keys)
    keys = keys[order]
    equal = keys[1:] == keys[:-1]
    among = np.zeros(len(keys), np.bool_)
    among[1:] = equal
    among[:-1] |= equal
    some = order[among]
    order[among] = some[np.lexsort((others[some], -cosines[some], rows[some], keys[among]))]
    return order
