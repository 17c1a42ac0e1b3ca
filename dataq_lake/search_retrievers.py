"""The two ways to find segments in a snapshot: the best texts by BM25, the nearest vectors."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from dataq_lake.errors import ModelNotInstalled
from dataq_lake.search_query import QueryBuilder

if TYPE_CHECKING:
    import numpy as np
    import tantivy
    from numpy.typing import NDArray

    from dataq_lake.indexes.snapshot import Snapshot
    from dataq_lake.search_filters import Filters
    from dataq_lake.search_query import Question


@dataclass(frozen=True)
class Ranking:
    """What one retriever found: the score of each id, the best first, equal ones by id."""

    scores: dict[str, float] = field(default_factory=dict)

    @cached_property
    def ranks(self) -> dict[str, int]:
        """The rank of each id, from 1."""
        return {id_: rank for rank, id_ in enumerate(self.scores, 1)}


class TextRetriever:
    """Finds texts, and those that meet demands."""

    def __init__(self, snapshot: Snapshot) -> None:
        from dataq_lake.indexes.fulltext import analyzer

        self.analyzer = analyzer()
        self.schema = snapshot.text.schema
        self.builder = QueryBuilder(self.schema, self.analyzer)
        self._searcher = snapshot.text.searcher()

    def rank(self, question: Question, filters: Filters, depth: int) -> Ranking:
        """The up to `depth` best texts."""
        import tantivy

        if question.text is None:
            return Ranking()
        limits = [
            (tantivy.Occur.Must, tantivy.Query.const_score_query(clause, 0.0))
            for clause in filters.clauses(self.schema)
        ]
        query = tantivy.Query.boolean_query([(tantivy.Occur.Must, question.text), *limits])
        hits = self._searcher.search(query, depth, count=False).hits
        return Ranking(_in_order({self._id(address): score for score, address in hits}))

    def meeting(self, question: Question, ids: list[str]) -> set[str]:
        """Those of `ids` that meet the demands of the question."""
        import tantivy

        if not ids or not question.demands:
            return set(ids)
        known = tantivy.Query.term_set_query(self.schema, "id", ids)
        query = tantivy.Query.boolean_query([(tantivy.Occur.Must, known), *question.demands])
        hits = self._searcher.search(query, len(ids), count=False).hits
        return {self._id(address) for _, address in hits}

    def _id(self, address: tantivy.DocAddress) -> str:
        id_: str = self._searcher.doc(address)["id"][0]
        return id_


class VectorRetriever:
    """Finds the nearest vectors; the model is loaded with the first query."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot

    def rank(self, words: str, filters: Filters, depth: int) -> Ranking:
        """The up to `depth` segments nearest to `words` by cosine."""
        from dataq_lake.indexes.keys import to_ids

        vector = self._embed(words)
        scores: dict[str, float] = {}
        if vector.any():
            for part in self._snapshot.parts:
                similarities, rows = part.nearest(vector, depth, filters.wanted(part.places))
                scores.update(zip(to_ids(part.keys[rows]), similarities.tolist(), strict=True))
        return Ranking(dict(list(_in_order(scores).items())[:depth]))

    def _embed(self, words: str) -> NDArray[np.float32]:
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


def _in_order(scores: dict[str, float]) -> dict[str, float]:
    return dict(sorted(scores.items(), key=lambda item: (-item[1], item[0])))
