"""Of the ten nearest segments so many are found, by an exact search over every vector."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from dataq_assets.stages.level import SAMPLE, K, Measured, sample
from dataq_lake.search.conditions import Limits
from dataq_lake.search.retrievers import VectorRetriever

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dataq_assets.stages.level import Measuring
    from dataq_lake.indexes.snapshot import Snapshot

UNIT = "share"
AT_LEAST = True
_AT_ONCE = 4_096
_ALIKE = 1e-5
"""Cosines nearer than that are equal: sums of floats depend on their order."""


def measure(measuring: Measuring) -> Measured:
    """The mean over a fixed sample of the index's own segments, each asked for by its vector."""
    snapshot = measuring.snapshot
    found = snapshot.vectors(sample(snapshot, SAMPLE))
    known = {id_: vector for id_, vector in found.items() if vector.any()}
    if not known or snapshot.manifest.segments < 2:
        return Measured(1.0, {"sample": 0})
    nearest = exact(snapshot, np.stack(list(known.values())))
    retriever = VectorRetriever(snapshot)
    shares: dict[str, float] = {}
    for (id_, vector), best in zip(known.items(), nearest, strict=True):
        ranked = retriever.rank(vector, Limits((), ()), K + 1).scores
        others = snapshot.vectors([each for each in ranked if each != id_]).values()
        good = sum(float(each @ vector) >= best[-1] - _ALIKE for each in others)
        shares[id_] = min(good, len(best)) / len(best)
    worst = min(shares, key=lambda id_: (shares[id_], id_))
    return Measured(float(np.mean([*shares.values()])), {"sample": len(shares), "worst": worst})


def exact(snapshot: Snapshot, asked: NDArray[np.float32]) -> NDArray[np.float32]:
    """The cosines of the ten segments nearest to each of `asked` (n, dimensions): (n, 10).

    The nearest of all is left out: it is the one that was asked for.

    The vectors are read as the index holds them, and multiplied here, not by the index.
    """
    best = np.zeros((len(asked), 0), np.float32)
    for vectors in _chunks(snapshot):
        best = np.sort(np.concatenate([best, asked @ vectors.T], axis=1), axis=1)[:, -K - 1 :]
    return best[:, -2::-1]


def _chunks(snapshot: Snapshot) -> Iterator[NDArray[np.float32]]:
    ids = snapshot.segment_ids()
    for start in range(0, len(ids), _AT_ONCE):
        yield _vectors(snapshot, ids.slice(start, _AT_ONCE).to_pylist())


def _vectors(snapshot: Snapshot, ids: list[str]) -> NDArray[np.float32]:
    return np.stack(list(snapshot.vectors(ids).values()))
