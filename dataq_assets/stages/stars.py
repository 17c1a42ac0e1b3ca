"""Groups around a middle, in a graph of similarities.

Angles are distances: the angle between two vectors is at most the sum of those on any way between
them. So whatever a way of at most 41.4 degrees leads to has a cosine of at least .75 to where the
way begins, whether or not the two have an edge, and no chain of neighbours leads away from there.
"""

from __future__ import annotations

from heapq import heappop, heappush
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.int64]
Floats = NDArray[np.float64]


class Graph(NamedTuple):
    """Neighbours of node n and the angles to them, nearest first: from starts[n] to starts[n+1]."""

    starts: Numbers
    neighbours: Numbers
    angles: Floats


class Reached(NamedTuple):
    """For each node the middle that it belongs to, -1 for none, and the angle to it."""

    middle: Numbers
    angle: Floats


def graph(count: int, sources: Numbers, targets: Numbers, cosines: Floats) -> Graph:
    """The graph of `count` nodes with these edges, each given once, in both directions."""
    ends = np.concatenate([sources, targets])
    others = np.concatenate([targets, sources])
    angles = np.tile(np.arccos(np.clip(cosines, -1.0, 1.0)), 2)
    order = np.lexsort((others, angles, ends))
    starts = np.searchsorted(ends[order], np.arange(count + 1))
    return Graph(starts.astype(np.int64), others[order], angles[order])


def stars(edges: Graph, radius: float, smallest: int) -> Reached:
    """The middles, and what belongs to each: nodes within `radius` (radians), `smallest` at least.

    The node with the most around it, by its cosines together, is a middle first; then the next
    that no middle reaches, and so on. Each node belongs to the nearest middle.
    """
    found = middles(edges, radius)
    reached = nearest(edges, found, radius)
    sizes = np.bincount(reached.middle[reached.middle >= 0], minlength=len(edges.starts) - 1)
    # What belonged to too small a group may be within reach of another; those only grow by it.
    return nearest(edges, [each for each in found if sizes[each] >= smallest], radius)


def middles(edges: Graph, radius: float) -> list[int]:
    """Nodes none of which reaches another, and which together reach all nodes with edges."""
    count = len(edges.starts) - 1
    covered = np.zeros(count, bool)
    ends = np.repeat(np.arange(count), np.diff(edges.starts))
    weights = np.round(np.bincount(ends, np.cos(edges.angles), count), 6)
    found = []
    for node in np.lexsort((np.arange(count), -weights)).tolist():
        if covered[node]:
            continue
        found.append(node)
        covered[list(_ball(edges, node, radius))] = True
    return found


def nearest(edges: Graph, middles: list[int], radius: float) -> Reached:
    """What each node belongs to: the nearest of the middles, of two the one with less a number."""
    count = len(edges.starts) - 1
    middle, angle = np.full(count, -1, np.int64), np.full(count, np.inf)
    heap = [(0.0, each, each) for each in sorted(middles)]
    while heap:
        far, owner, node = heappop(heap)
        if middle[node] >= 0:
            continue
        middle[node], angle[node] = owner, far
        for other, step in _near(edges, node, radius - far):
            if middle[other] < 0:
                heappush(heap, (far + step, owner, other))
    return Reached(middle, angle)


def _ball(edges: Graph, start: int, radius: float) -> dict[int, float]:
    """The nodes within `radius` of `start`, with the angles to them."""
    best = {start: 0.0}
    heap = [(0.0, start)]
    while heap:
        far, node = heappop(heap)
        if far > best[node]:
            continue
        for other, step in _near(edges, node, radius - far):
            if far + step < best.get(other, np.inf):
                best[other] = far + step
                heappush(heap, (far + step, other))
    return best


def _near(edges: Graph, node: int, radius: float) -> list[tuple[int, float]]:
    """The neighbours of a node that are within `radius`, which is seldom all."""
    first, last = int(edges.starts[node]), int(edges.starts[node + 1])
    angles = edges.angles[first:last]
    last = first + int(np.searchsorted(angles, radius, "right"))
    return list(
        zip(edges.neighbours[first:last].tolist(), edges.angles[first:last].tolist(), strict=True)
    )
