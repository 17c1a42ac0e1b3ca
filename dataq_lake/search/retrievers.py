"""The two ways to find segments in a snapshot: the best texts by BM25, the nearest vectors."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from dataq_lake.errors import ModelNotInstalled
from dataq_lake.search.query import QueryBuilder
from dataq_lake.search.spelling import Spelling
from dataq_lake.search.words import Words

if TYPE_CHECKING:
    import numpy as np
    import tantivy
    from numpy.typing import NDArray

    from dataq_lake.indexes.part import Part
    from dataq_lake.indexes.snapshot import Snapshot
    from dataq_lake.search.conditions import Limits
    from dataq_lake.search.query import Question

_WIDER = 8
TIED = 5_000
"""So many of equal score at the end of what is looked at are not all read."""
_LISTED = 1.0
"""The score of what is listed, not ranked."""


@dataclass(frozen=True)
class Ranking:
    """What one retriever found: the score of each id, the best first, equal ones by id.

    `complete` says that it found all there is.
    """

    scores: dict[str, float] = field(default_factory=dict)
    complete: bool = True

    @cached_property
    def ranks(self) -> dict[str, int]:
        """The rank of each id, from 1."""
        return {id_: rank for rank, id_ in enumerate(self.scores, 1)}

    def only(self, ids: set[str]) -> Ranking:
        """Those of `ids`, which move up."""
        kept = {id_: score for id_, score in self.scores.items() if id_ in ids}
        return Ranking(kept, self.complete)


class TextRetriever:
    """Finds texts, and those that meet demands."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.schema = snapshot.text.schema
        self.snapshot = snapshot
        self.words = Words(snapshot)
        self._searcher = self.words.searcher
        self.builder = QueryBuilder(self.schema, self.words, Spelling(self.words))

    def rank(self, question: Question, limits: Limits, depth: int) -> Ranking:
        """The `depth` best texts, or all if there are fewer; those of equal score by id."""
        import tantivy

        if question.text is None:
            return Ranking()
        if question.everything:
            return self._listed(question, limits, depth)
        asked = [(tantivy.Occur.Must, question.text), *limits.clauses(self.schema)]
        query = tantivy.Query.boolean_query(asked)
        best, complete = self._best(query, depth)
        if len(best) <= TIED:
            scores = {self._id(address): score for score, address in best}
        else:
            scores = self._first_tied(query, best, limits, depth)
        return Ranking(_first(_in_order(scores), depth), complete and len(scores) <= depth)

    def meeting(self, question: Question, ids: list[str]) -> set[str]:
        """Those of `ids` that meet the demands of the question."""
        import tantivy

        if not ids or not question.demands:
            return set(ids)
        known = tantivy.Query.term_set_query(self.schema, "id", ids)
        query = tantivy.Query.boolean_query([(tantivy.Occur.Must, known), *question.demands])
        hits = self._searcher.search(query, len(ids), count=False).hits
        return {self._id(address) for _, address in hits}

    def _best(self, query: tantivy.Query, depth: int) -> tuple[list[Any], bool]:
        """The `depth` best with all that equal the last of them, and whether that is all there is.

        The index orders equal ones by where it happens to have them.
        """
        size = depth + 1
        while True:
            hits = self._searcher.search(query, size, count=False).hits
            if len(hits) < size:
                return hits, True
            last = hits[depth - 1][0]
            if hits[-1][0] < last or size > TIED:
                return [hit for hit in hits if hit[0] >= last], False
            size *= _WIDER

    def _first_tied(
        self, query: tantivy.Query, best: list[Any], limits: Limits, depth: int
    ) -> dict[str, float]:
        """Those that are better than the last of `best`, and of its equals the first by id.

        They are so many that they are soon met in order of id: reading the id of each takes longer.
        """
        import tantivy

        last = best[-1][0]
        scores = {self._id(address): score for score, address in best if score > last}
        for ids in _sorted_ids(self.snapshot.parts, limits, _WIDER * depth):
            known = tantivy.Query.term_set_query(self.schema, "id", ids)
            both = query.and_must_match(tantivy.Query.const_score_query(known, 0.0))
            hits = self._searcher.search(both, len(ids), count=False).hits
            scores.update({self._id(address): last for score, address in hits if score == last})
            if len(scores) > depth:
                break
        return scores

    def _listed(self, question: Question, limits: Limits, depth: int) -> Ranking:
        """What passes, by id; looked for in order of id, so that no more is read than asked for."""
        found: dict[str, float] = {}
        for ids in _sorted_ids(self.snapshot.parts, limits, depth + 1):
            good = self.meeting(question, ids)
            found.update((id_, _LISTED) for id_ in ids if id_ in good)
            if len(found) > depth:
                return Ranking(_first(found, depth), complete=False)
        return Ranking(found)

    def _id(self, address: tantivy.DocAddress) -> str:
        id_: str = self._searcher.doc(address)["id"][0]
        return id_


class VectorRetriever:
    """Finds the nearest vectors; the model is loaded with the first query."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot

    def rank(self, vector: NDArray[np.float32], limits: Limits, depth: int) -> Ranking:
        """The `depth` segments nearest to `vector` by cosine, those equally near by id."""
        from dataq_lake.indexes.keys import to_ids

        if not vector.any():
            return Ranking()
        scores: dict[str, float] = {}
        complete = True
        for part in self._snapshot.parts:
            similarities, rows = _nearest(part, vector, depth, limits.wanted(part))
            scores.update(zip(to_ids(part.keys[rows]), similarities.tolist(), strict=True))
            complete &= len(rows) < depth
        return Ranking(_first(_in_order(scores), depth), complete and len(scores) <= depth)

    def embed(self, words: str) -> NDArray[np.float32]:
        """The vector of `words`; raises ModelNotInstalled."""
        from dataq_lake.embedders import embedder

        made_with = self._snapshot.manifest.model
        model = embedder(made_with.name)
        if model.version != made_with.version:
            raise ModelNotInstalled(
                f"the index was made with {made_with.name} {made_with.version}, installed is "
                f"{model.version}: `dataq run` makes an index with it"
            )
        vector: NDArray[np.float32] = model.embed([words])[0]
        return vector


def _nearest(
    part: Part, vector: NDArray[np.float32], depth: int, wanted: NDArray[np.bool_] | None
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """The `depth` nearest rows with all that are as near as the last of them."""
    size = depth + 1
    while True:
        similarities, rows = part.nearest(vector, size, wanted)
        if (
            len(rows) <= depth
            or similarities[-1] < similarities[depth - 1]
            or size >= len(part.keys)
        ):
            return similarities, rows
        size *= _WIDER


def _sorted_ids(parts: list[Part], limits: Limits, size: int) -> Iterator[list[str]]:
    """The ids that pass, in their order, `size` at a time."""
    import numpy as np

    from dataq_lake.indexes.keys import KEY, to_ids

    passing = []
    for part in parts:
        allowed = part.allowed(limits.wanted(part))
        passing.append(np.asarray(part.keys if allowed is None else part.keys[allowed]))
    keys = np.sort(np.concatenate(passing)) if passing else np.zeros(0, KEY)
    for start in range(0, len(keys), size):
        yield to_ids(keys[start : start + size])


def _in_order(scores: dict[str, float]) -> dict[str, float]:
    return dict(sorted(scores.items(), key=lambda item: (-item[1], item[0])))


def _first(scores: dict[str, float], count: int) -> dict[str, float]:
    return dict(list(scores.items())[:count])
