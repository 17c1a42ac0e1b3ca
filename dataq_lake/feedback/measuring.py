"""How well a ranking serves queries whose answers were judged: nDCG and reciprocal rank."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dataq_lake.ids import make_id
from dataq_lake.search.documents import assets
from dataq_lake.search.explain import WEIGHTS, fuse

if TYPE_CHECKING:
    from dataq_lake.feedback.judged import Judged
    from dataq_lake.feedback.voting import Judgement
    from dataq_lake.search.retrievers import Ranking
    from dataq_lake.search.searcher import Searcher

K = 10
FOLDS = 5
GOOD = 2.0
"""A grade from which on a hit is what was looked for."""
_DEPTH = 100


@dataclass(frozen=True)
class Case:
    """A judged query: the grades by segment or asset, and what the retrievers find for it."""

    query: str
    terms: frozenset[str]
    grades: Mapping[str, float]
    rankings: Mapping[str, Ranking]
    assets: Mapping[str, str]

    @property
    def fold(self) -> int:
        """Which fifth it is of, always the same."""
        return int(make_id(*sorted(self.terms))[:8], 16) % FOLDS

    def order(self, judged: Judged | None, weights: Mapping[str, float] = WEIGHTS) -> list[str]:
        """The segments as they rank."""
        scores = fuse(self.rankings, judged.weights if judged else weights)
        factors = judged.factors(self.terms, scores, self.assets) if judged else {}
        last = {id_: s * factors[id_].factor if id_ in factors else s for id_, s in scores.items()}
        return sorted(last, key=lambda id_: (-last[id_], id_))


@dataclass(frozen=True)
class Figures:
    """Means over `queries` queries: nDCG@10 and the reciprocal rank of the first good hit."""

    queries: int
    ndcg: float
    mrr: float


def cases(searcher: Searcher, judgements: Iterable[Judgement]) -> list[Case]:
    """A case a query that has anything good; each is asked of the retrievers once."""
    from dataq_lake.search.ask import Ask

    by_query: dict[frozenset[str], list[Judgement]] = {}
    for each in judgements:
        by_query.setdefault(each.terms, []).append(each)
    found = []
    depth = min(_DEPTH, searcher.snapshot.manifest.segments)
    for terms, said in by_query.items():
        grades = {each.entity_id: each.grade for each in said}
        if max(grades.values()) <= 0:
            continue
        rankings = searcher.inquiry(Ask(said[0].query, K)).answer(depth).rankings
        ids = list({id_: None for ranking in rankings.values() for id_ in ranking.scores})
        known = assets(searcher.snapshot, ids)
        found.append(Case(said[0].query, terms, grades, rankings, known))
    return found


def figures(cases: Sequence[Case], orders: Iterable[Sequence[str]]) -> Figures:
    """What these orders are worth for these cases; zeros where there is none."""
    pairs = list(zip(cases, orders, strict=True))
    count = max(1, len(pairs))
    gains = sum(ndcg(case, order) for case, order in pairs) / count
    ranks = sum(reciprocal(case, order) for case, order in pairs) / count
    return Figures(len(pairs), round(gains, 6), round(ranks, 6))


def held_out(cases: Sequence[Case], judged: Judged | None) -> list[list[str]]:
    """The order of each case by what was learned from the queries of the other folds only."""
    if judged is None:
        return [case.order(None) for case in cases]
    folds = [{case.terms for case in cases if case.fold == fold} for fold in range(FOLDS)]
    left = [judged.without(fold) for fold in folds]
    return [case.order(left[case.fold]) for case in cases]


def ndcg(case: Case, order: Sequence[str], k: int = K) -> float:
    """Gain 2^grade - 1 by the logarithm of the rank, as a share of the best there could be.

    Järvelin and Kekäläinen, "Cumulated gain-based evaluation of IR techniques", 2002. What nobody
    judged gains nothing, and a judged asset only with its first passage.
    """
    best = sum(map(_gained, range(k), sorted(case.grades.values(), reverse=True)))
    return sum(map(_gained, range(k), _grades(case, order))) / best if best else 0.0


def reciprocal(case: Case, order: Sequence[str]) -> float:
    """One by the rank of the first good hit among the first hundred, 0 if there is none."""
    ranks = (rank for rank, grade in enumerate(_grades(case, order), 1) if grade >= GOOD)
    return 1 / next(ranks, math.inf)


def _gained(place: int, grade: float) -> float:
    return float((2**grade - 1) / math.log2(place + 2))


def _grades(case: Case, order: Sequence[str]) -> list[float]:
    met: set[str] = set()
    found = []
    for id_ in order[:_DEPTH]:
        named = next((each for each in (id_, case.assets[id_]) if each in case.grades), None)
        found.append(0.0 if named is None or named in met else case.grades[named])
        met.add(named or id_)
    return found
