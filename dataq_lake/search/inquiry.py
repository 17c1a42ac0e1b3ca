"""One question being answered: what the retrievers find at a depth, and the order that makes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

from dataq_lake.search.conditions import Among, Condition, Limits
from dataq_lake.search.documents import assets, documents
from dataq_lake.search.explain import WEIGHTS, fuse, matches, weights_for
from dataq_lake.search.fields import take_fields
from dataq_lake.search.likeness import Direction
from dataq_lake.search.retrievers import Ranking

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dataq_lake.feedback.judged import Factor, Judged
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
    `complete` that there is no more. `factors` are those by which a ranking changed scores.
    """

    rankings: Mapping[str, Ranking]
    scores: Mapping[str, float]
    final: bool
    complete: bool
    factors: Mapping[str, Factor] = field(default_factory=dict)

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
        judged: Judged | None = None,
    ) -> None:
        self.ask = ask
        self.judged = judged if ask.mode == "hybrid" else None
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

    @cached_property
    def weights(self) -> dict[str, float]:
        """What each retriever counts."""
        return weights_for(self.question, self.judged.weights if self.judged else WEIGHTS)

    def answer(self, depth: int) -> Answer:
        """What is found when each retriever looks so far down."""
        rankings = self._rankings(depth)
        used = [ranking for ranking in rankings.values() if ranking.scores or not ranking.complete]
        fused = self.ask.mode == "hybrid"
        scores = fuse(rankings, self.weights) if fused else rankings[self.ask.mode].scores
        found = Answer(
            rankings,
            scores,
            final=len(used) < 2,
            complete=all(ranking.complete for ranking in rankings.values()),
        )
        return self._ranked(found, self.judged) if self.judged and scores else found

    def _ranked(self, found: Answer, judged: Judged) -> Answer:
        """The same as a ranking has it: for words only, lists stay in order of id."""
        from dataq_lake.feedback.words import terms_of

        terms = terms_of(self.ask.query)
        if not terms:
            return found
        known = assets(self._texts.snapshot, list(found.scores))
        factors = judged.factors(terms, found.scores, known)
        changed = {id_: each.fused * each.factor for id_, each in factors.items()}
        scores = {**found.scores, **changed}
        # What is found further down may get a factor that moves it up.
        return replace(found, scores=scores, final=False, factors=factors)

    def _rankings(self, depth: int) -> dict[str, Ranking]:
        mode = self.ask.mode
        rankings = {name: Ranking() for name in RETRIEVERS if mode in {name, "hybrid"}}
        if not depth:  # everything that was ever indexed is gone
            return rankings
        if mode == "text":
            rankings["text"] = self._text(depth)
        elif mode == "vector":
            rankings["vector"] = self._vector(depth)
        else:
            # Both are outside of Python most of the time: a second processor halves the wait.
            with ThreadPoolExecutor(1, "text") as beside:
                text = beside.submit(self._text, depth)
                rankings["vector"] = self._vector(depth)
                rankings["text"] = text.result()
        return rankings

    def _text(self, depth: int) -> Ranking:
        return self._texts.rank(self.question, self.limits, depth)

    def _vector(self, depth: int) -> Ranking:
        found = self._vectors.rank(self.direction.vector, self.limits, depth)
        good = self._texts.meeting(self.question, list(found.scores))
        return found.only(good)

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
