"""Moves a query towards what is wanted and away from what is not, by examples."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dataq_lake.errors import UnknownId
from dataq_lake.search.members import WHOLE

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from dataq_lake.indexes.snapshot import Snapshot
    from dataq_lake.search.members import Members

# Manning, Raghavan and Schütze, Introduction to Information Retrieval, 9.1.1: what is wanted tells
# more than what is not.
WEIGHTS = {"query": 1.0, "like": 0.75, "unlike": 0.15}
_METHOD = "Rocchio"
_SCORE = (
    "vector.score = (weights.query * query + weights.like * mean of like - weights.unlike * "
    "mean of unlike) / length"
)


@dataclass(frozen=True)
class Example:
    """A segment or an asset: its segments' vectors (n, dimensions), and their mean, of length 1."""

    id: str
    segments: tuple[str, ...]
    vectors: NDArray[np.float32]
    vector: NDArray[np.float32]


class Examples:
    """Finds examples in one snapshot."""

    def __init__(self, snapshot: Snapshot, members: Members) -> None:
        self._snapshot = snapshot
        self._members = members

    def find(self, ids: Sequence[str]) -> tuple[Example, ...]:
        """The examples of these ids, whole or from 8 digits on, each once.

        Raises UnknownId, also for what is not in this snapshot.
        """
        return tuple(self._example(id_) for id_ in dict.fromkeys(map(self._whole, ids)))

    def _whole(self, id_: str) -> str:
        if WHOLE.fullmatch(id_) and self._snapshot.has(id_):
            return id_
        from dataq_lake.ancestry import resolve

        return resolve(self._snapshot.lake, id_)[1]

    def _example(self, id_: str) -> Example:
        import numpy as np

        segments = sorted(self._members.of([id_]).ids)
        found = self._snapshot.vectors(segments)
        if not found:
            raise UnknownId(
                f"{id_} has no passage in snapshot {self._snapshot.manifest.id}: an index has the "
                "latest versions of what has text"
            )
        vectors = np.stack(list(found.values()))
        return Example(id_, tuple(found), vectors, _unit(vectors.mean(axis=0)))


class Direction:
    """A query's vector moved by examples: query + 0.75 mean of like - 0.15 mean of unlike.

    After Rocchio, "Relevance feedback in information retrieval", 1971. `query` is None or zero
    where there is nothing but examples.
    """

    def __init__(
        self,
        query: NDArray[np.float32] | None,
        like: Sequence[Example] = (),
        unlike: Sequence[Example] = (),
    ) -> None:
        import numpy as np

        self.like, self.unlike = like, unlike
        self._query = query if query is not None and query.any() else None
        shares = [WEIGHTS["query"] * self._query] if self._query is not None else []
        if like:
            shares.append(WEIGHTS["like"] * np.mean([each.vector for each in like], axis=0))
        if unlike:
            shares.append(-WEIGHTS["unlike"] * np.mean([each.vector for each in unlike], axis=0))
        moved = np.zeros(1, np.float32)
        for share in shares:
            moved = moved + share
        self._length = float(np.linalg.norm(moved))
        self.vector: NDArray[np.float32] = _unit(moved)

    @property
    def moved(self) -> bool:
        """Whether examples had a say."""
        return bool(self.like or self.unlike)

    def explain(self, vector: NDArray[np.float32]) -> dict[str, Any]:
        """How near a hit of this vector is to each thing that made the direction, by cosine."""
        return {
            "method": _METHOD,
            "weights": WEIGHTS,
            "length": self._length,
            "query": None if self._query is None else float(self._query @ vector),
            "like": [_nearness(each, vector) for each in self.like],
            "unlike": [_nearness(each, vector) for each in self.unlike],
            "score": _SCORE,
        }


def _nearness(example: Example, vector: NDArray[np.float32]) -> dict[str, Any]:
    """The cosine, and of several segments which is nearest."""
    told: dict[str, Any] = {"id": example.id, "score": float(example.vector @ vector)}
    if len(example.segments) > 1:
        each = example.vectors @ vector
        best = int(each.argmax())
        told["nearest"] = {"id": example.segments[best], "score": float(each[best])}
    return told


def _unit(vector: NDArray[np.float32]) -> NDArray[np.float32]:
    import numpy as np

    length = float(np.linalg.norm(vector))
    unit: NDArray[np.float32] = (vector / length if length else vector).astype(np.float32)
    return unit
