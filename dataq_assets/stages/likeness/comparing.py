"""Who is near to whom: all in a region are compared with each other, block by block."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np

from dataq_assets.stages.likeness.nearest import Nearest
from dataq_assets.stages.likeness.vectors import Vectors

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Numbers = NDArray[np.int32]
    Found = tuple[Numbers, Numbers, NDArray[np.float64]]

ROWS, COLUMNS = 512, 2_048
"""Of a block: 4 MB of products."""
DENSE = 8
"""With more than so many times `count` good ones a row, a block is cut to each row's best."""
SLACK = 1e-5
"""What comes so near to the bar in float32 is calculated exactly."""
THREADS = 2


def compare(
    nearest: Nearest, vectors: Vectors, regions: Iterator[Numbers], asked: NDArray[np.bool_]
) -> None:
    """Finds the nearest of those that are `asked` (size) and lets them be among others' nearest.

    `regions` are the sorted numbers of those that are compared with each other.
    """
    with ThreadPoolExecutor(THREADS, "compare") as threads:
        work = (
            threads.submit(_compared, nearest, vectors, members, asked)
            for members in regions
            if asked[members].any()
        )
        waiting: list[Future[list[Found]]] = list(islice(work, THREADS + 1))
        while waiting:
            for found in waiting.pop(0).result():
                nearest.offer(*found)
            waiting += islice(work, 1)


def _compared(
    nearest: Nearest, vectors: Vectors, members: Numbers, asked: NDArray[np.bool_]
) -> list[Found]:
    wanted = asked[members]
    order = np.concatenate([members[wanted], members[~wanted]])
    wide = vectors.bytes[order].astype(np.float32)
    found = []
    for start in range(0, int(wanted.sum()), ROWS):
        rows = slice(start, min(start + ROWS, int(wanted.sum())))
        for first in range(start, len(order), COLUMNS):
            columns = slice(first, first + COLUMNS)
            products = wide[rows] @ wide[columns].T
            found.append(_block(nearest, vectors, order[rows], order[columns], products))
    return [each for each in found if len(each[0])]


def _block(
    nearest: Nearest,
    vectors: Vectors,
    left: Numbers,
    right: Numbers,
    products: NDArray[np.float32],
) -> Found:
    cosines = products / vectors.lengths[left][:, None]
    cosines /= vectors.lengths[right]
    bars = [(nearest.bar[side] - SLACK).astype(np.float32) for side in (left, right)]
    good = _reaching(cosines, *bars)
    if np.count_nonzero(good) > DENSE * nearest.count * (len(left) + len(right)):
        good = _reaching(cosines, *_raised(cosines, bars, nearest.count))
    places = np.flatnonzero(good)
    one, other = np.divmod(places, len(right))
    one, other = left[one], right[other]
    apart = one != other
    one, other = one[apart], other[apart]
    if vectors.exact:
        return one, other, vectors.cosines_by(products.ravel()[places[apart]], one, other)
    return one, other, vectors.cosines(one, other)


def _reaching(
    cosines: NDArray[np.float32], left: NDArray[np.float32], right: NDArray[np.float32]
) -> NDArray[np.bool_]:
    good: NDArray[np.bool_] = cosines >= left[:, None]
    good |= cosines >= right
    return good


def _raised(
    cosines: NDArray[np.float32], bars: Sequence[NDArray[np.float32]], count: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Bars that only the best of each row and column reach, itself among them."""
    raised = list(bars)
    for number, axis in enumerate((1, 0)):
        place = cosines.shape[axis] - count - 1
        if place > 0:
            best = np.partition(cosines, place, axis=axis).take(place, axis=axis)
            raised[number] = np.maximum(bars[number], best - SLACK)
    return raised[0], raised[1]
