"""One question being answered: what the retrievers find at a depth, and the order that makes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from dataq_lake.search.conditions import Among, Condition, Limits
from dataq_lake.search.documents import documents
from dataq_lake.search.explain import fuse, matches, weights_for
from dataq_lake.search.fields import take_fields
from dataq_lake.search.likeness import Direction
from dataq_lake.search.retrievers import Ranking

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dataq_lake.search.ask import Ask
    from dataq_lake.search.likeness import Examples
    from dataq_lake.search.members import Members
    from dataq_lake.search.retrievers import TextRetriever, VectorRetriever

RETRIEVERS = ("text", "vector")
_LOOKED_AT = 3


@dataclass(frozen=True)
class Answer:
    """What was found at one depth: each retriever's ranking, and all of it in order.

    `final` says that looking further down would not change this order but only go on with it, and
    `complete` that there is no more.
    """

    rankings: Mapping[str, Ranking]
    scores: Mapping[str, float]
    final: bool
    complete: bool

    @cached_property
    def order(self) -> list[str]:
        """The ids, the best first, those of equal score by id."""
        return sorted(self.scores, key=lambda id_: (-self.scores[id_], id_))


class Inquiry:
    """A question to one snapshot."""

    def __init__(
        self,
        ask: Ask,
        texts: TextRetriever,
        vectors: VectorRetriever,
        members: Members,
        examples: Examples,
    ) -> None:
        self.ask = ask
        self.typed = take_fields(ask.query)
        self.question = texts.builder.question(self.typed.words, bool(self.typed.filters))
        self._texts = texts
        self._vectors = vectors
        self._members = members
        self.like, self.unlike = examples.find(ask.like), examples.find(ask.unlike)
        self.limits = Limits(self._holds(), self._never())

    @cached_property
    def direction(self) -> Direction:
        """Where nearest vectors are looked for."""
        words = self._meant(self.question.words)
        return Direction(self._vectors.embed(words) if words else None, self.like, self.unlike)

    def answer(self, depth: int) -> Answer:
        """What is found when each retriever looks so far down."""
        rankings = self._rankings(depth)
        used = [ranking for ranking in rankings.values() if ranking.scores or not ranking.complete]
        fused = self.ask.mode == "hybrid"
        scores = (
            fuse(rankings, weights_for(self.question)) if fused else rankings[self.ask.mode].scores
        )
        return Answer(
            rankings,
            scores,
            final=len(used) < 2,
            complete=all(ranking.complete for ranking in rankings.values()),
        )

    def _rankings(self, depth: int) -> dict[str, Ranking]:
        mode = self.ask.mode
        rankings = {name: Ranking() for name in RETRIEVERS if mode in {name, "hybrid"}}
        if not depth:  # everything that was ever indexed is gone
            return rankings
        if mode != "vector":
            rankings["text"] = self._texts.rank(self.question, self.limits, depth)
        if mode != "text":
            found = self._vectors.rank(self.direction.vector, self.limits, depth)
            good = self._texts.meeting(self.question, list(found.scores))
            rankings["vector"] = found.only(good)
        return rankings

    def _meant(self, words: str) -> str:
        """The words with what stands in the best texts for those that no text has.

        A model knows words, not stems; and of a misspelt one it makes anything.
        """
        if not self.question.near or self.ask.mode != "hybrid":
            return words
        best = list(self._texts.rank(self.question, self.limits, _LOOKED_AT).scores)
        found: dict[str, str] = {}
        for each in documents(self._texts.snapshot, best).values():
            for term in matches(each, set(self.question.near), self._texts.words):
                found.setdefault(self.question.near[term["term"]].typed, term["text"])
        return re.sub(r"\w+", lambda word: found.get(word[0], word[0]), words)

    def _holds(self) -> Iterator[Condition]:
        yield from self.ask.filters.conditions(self._members)
        yield from self.typed.filters.conditions(self._members)

    def _never(self) -> Iterator[Condition]:
        for filters in (self.ask.filters, self.typed.filters):
            if filters.excluded:
                yield from filters.excluded.conditions(self._members)
        if self.unlike:
            yield Among(frozenset(id_ for each in self.unlike for id_ in each.segments))
