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
    number comes first. `bar` (size) is what another has to reach to be among them; `changed`
    (size) is true for those to whom anybody came who reached it, or who were forgotten.

    Where most stay as they are, pairs that are known may be expected first, which only raises bars,
    and remembered for those few whose list is needed.
    """

    def __init__(self, size: int, count: int, least: float) -> None:
        self.count = count
        self.least = least
        self.others = np.full((size, count), NOBODY, np.int32)
        self.cosines = np.zeros((size, count))
        self.bar = np.full(size, least)
        self.changed = np.zeros(size, np.bool_)

    def expect(self, left: Numbers, right: Numbers, cosines: Cosines) -> None:
        """Pairs, each only once, that may be remembered later; bars are as if they had come.

        Or lower, by less than a millionth.
        """
        ends = (left, right)
        size = len(self.bar)
        degree = np.bincount(left, minlength=size) + np.bincount(right, minlength=size)
        full = degree >= self.count
        distance_bits = 64 - size.bit_length()
        scale = 2 ** min(distance_bits, 50)
        distances = ((1 - cosines) * (scale - 1)).astype(np.uint64)
        keys = np.concatenate(
            [
                (rows[there].astype(np.uint64) << np.uint64(distance_bits)) | distances[there]
                for rows, there in ((each, full[each]) for each in ends)
            ]
        )
        keys.sort()
        last = np.cumsum(degree[full]) - degree[full] + self.count - 1
        distances = keys[last] & np.uint64((1 << distance_bits) - 1)
        self.bar[full] = np.maximum(1 - (distances + 2.0) / (scale - 1), self.least)

    def offer(self, left: Numbers, right: Numbers, cosines: Cosines) -> None:
        """Pairs of two that are so near to each other; each may be among the other's nearest."""
        mine = np.concatenate([left, right])
        others = np.concatenate([right, left])
        both = np.concatenate([cosines, cosines])
        good = both >= self.bar[mine]
        if not good.all():
            mine, others, both = mine[good], others[good], both[good]
        if len(mine):
            self.changed[self._keep(mine, others, both)] = True

    def remember(
        self, left: Numbers, right: Numbers, cosines: Cosines, rows: NDArray[np.bool_]
    ) -> None:
        """Pairs that were expected, to those ends alone that are in `rows` (size)."""
        one, other = rows[left], rows[right]
        mine = np.concatenate([left[one], right[other]])
        if len(mine):
            others = np.concatenate([right[one], left[other]])
            self._keep(mine, others, np.concatenate([cosines[one], cosines[other]]))

    def forget(self, rows: Numbers) -> None:
        """Nobody is known to be near to these."""
        self.others[rows] = NOBODY
        self.cosines[rows] = 0
        self.bar[rows] = self.least
        self.changed[rows] = True

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

    def _keep(self, rows: Numbers, others: Numbers, cosines: Cosines) -> Numbers:
        """The rows, sorted, to which these came."""
        touched = np.unique(rows)
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
        return touched

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
        # Nobody fills the last place with 0, and a bar that was expected stays.
        self.bar[touched] = np.maximum(self.bar[touched], self.cosines[touched, -1])


def _nearest_first(rows: Numbers, others: Numbers, cosines: Cosines) -> NDArray[np.int64]:
    """The order by row, in it the largest cosine first, of equal ones the smaller number first.

    Sorted by one number of row, rounded distance and place, which is many times as fast as by
    three columns; those whose row and distance are equal are put in order by all three.
    """
    place_bits = len(rows).bit_length()
    distance_bits = 64 - place_bits - int(rows.max(initial=0)).bit_length()
    distances = (1 - np.clip(cosines, 0, 1)) * (2 ** min(distance_bits, 52) - 1)
    keys = (rows.astype(np.uint64) << np.uint64(distance_bits)) | distances.astype(np.uint64)
    keys <<= np.uint64(place_bits)
    keys |= np.arange(len(rows), dtype=np.uint64)
    keys.sort()
    order: NDArray[np.int64] = (keys & np.uint64((1 << place_bits) - 1)).astype(np.int64)
    keys >>= np.uint64(place_bits)
    equal = keys[1:] == keys[:-1]
    among = np.zeros(len(keys), np.bool_)
    among[1:] = equal
    among[:-1] |= equal
    some = order[among]
    order[among] = some[np.lexsort((others[some], -cosines[some], rows[some]))]
    return order
