"""Exact search over the vectors of a snapshot: what the nearest ones really are."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from dataq_lake.indexes.keys import find_keys, to_keys

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from benchmarks.segments import Segments
    from dataq_lake.indexes.part import Part
    from dataq_lake.indexes.snapshot import Snapshot

AT_ONCE = 16_384
_NEAR = 1e-6
"""So much do two ways to add up the same numbers differ at most."""


class Exact:
    """The nearest of the segments that still count, all or those of one source."""

    def __init__(self, snapshot: Snapshot, found: Segments) -> None:
        self._parts = snapshot.parts
        keys = to_keys(found.shown["segment_id"].to_pylist())
        order = np.argsort(keys)
        self._keys = keys[order]
        self._sources = np.array(found.shown["source"].to_pylist())[order]
        self._allowed: dict[str, list[NDArray[np.bool_]]] = {}
        self._limits: dict[str, NDArray[np.float32]] = {}

    def look(self, queries: NDArray[np.float32], sources: Sequence[str], best: int) -> None:
        """Notes how near the `best`-nearest is to each query; source "" stands for all."""
        for source in sources:
            self._allowed[source] = [self._of(part, source) for part in self._parts]
            least = np.full((len(queries), best), -2, np.float32)
            for part, allowed in zip(self._parts, self._allowed[source], strict=True):
                rows = np.flatnonzero(allowed)
                for start in range(0, len(rows), AT_ONCE):
                    vectors = part.index.reconstruct_batch(rows[start : start + AT_ONCE])
                    both = np.concatenate([least, queries @ vectors.T], axis=1)
                    least = np.partition(both, -best, axis=1)[:, -best:]
            self._limits[source] = least.min(axis=1)

    def kept(self, source: str) -> int:
        """How many segments may be found."""
        return sum(int(allowed.sum()) for allowed in self._allowed[source])

    def recall(self, number: int, source: str, scores: Mapping[str, float]) -> float:
        """The share of a query's nearest that are among these; equally near ones are as good."""
        for id_ in scores if source else ():
            assert self._sources[find_keys(to_keys([id_]), self._keys)[0]] == source
        near = sum(score >= self._limits[source][number] - _NEAR for score in scores.values())
        return float(near / min(10, self.kept(source)))

    def seconds(self, query: NDArray[np.float32], source: str) -> float:
        """The processor's seconds of FAISS's exact search for the hundred nearest."""
        import faiss

        loose: Any = faiss
        begun = time.thread_time()
        for part, allowed in zip(self._parts, self._allowed[source], strict=True):
            bits = np.packbits(allowed, bitorder="little")
            params = loose.SearchParameters(sel=loose.IDSelectorBitmap(bits))
            whole = part.gone is None and not source
            part.index.search(query.reshape(1, -1), 100, params=None if whole else params)
        return time.thread_time() - begun

    def _of(self, part: Part, source: str) -> NDArray[np.bool_]:
        live = np.ones(len(part.keys), bool) if part.gone is None else ~part.gone
        if not source:
            return live
        allowed: NDArray[np.bool_] = live & (
            self._sources[find_keys(part.keys, self._keys)] == source
        )
        return allowed
