"""What a ranking makes of a score: bounded, and told so that it can be calculated again."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from dataq_lake.feedback.voting import Confidence, Judgement
from dataq_lake.feedback.words import likeness

if TYPE_CHECKING:
    from collections.abc import Sequence

FORMULA = (
    "fused * 2 ^ (bound * limited), limited = queries + prior * asset, within -1 and 1; queries = "
    "sum of likeness * value / the larger of 1 and the sum of likeness; asset = sum over the "
    "judged queries of the mean value of its passages / (how many queries + 3)"
)
_FEW = 3
"""As if so many queries had been neither for nor against an asset."""


@dataclass(frozen=True)
class Parameters:
    """The numbers that a ranking works with.

    A factor is within 2 ^ -bound and 2 ^ bound. Queries less alike than `likeness` have no say.
    `prior` is the say of what other queries made of an asset. `weights` are those of the fusion.
    """

    bound: float = 1.0
    likeness: float = 0.5
    prior: float = 0.25
    weights: Mapping[str, float] = field(default_factory=lambda: {"text": 1.0, "vector": 0.7})

    def as_dict(self) -> dict[str, Any]:
        """As JSON can hold it."""
        return asdict(self)


@dataclass(frozen=True)
class Factor:
    """By how much one hit's score is multiplied, and why."""

    factor: float
    fused: float
    asset: float
    queries: tuple[tuple[float, Judgement], ...]


class Judged:
    """One version of a ranking, ready to be applied; `version` is 0 for one that is being made."""

    def __init__(
        self,
        judgements: Iterable[Judgement],
        parameters: Parameters,
        version: int = 0,
        confidences: Sequence[Confidence] = (),
    ) -> None:
        self.version = version
        self.parameters = parameters
        self.judgements = list(judgements)
        self.confidences = confidences
        self._by_query: dict[frozenset[str], dict[str, Judgement]] = {}
        self._with: dict[str, set[frozenset[str]]] = {}
        for each in self.judgements:
            self._by_query.setdefault(each.terms, {})[each.entity_id] = each
            for term in each.terms:
                self._with.setdefault(term, set()).add(each.terms)

    @property
    def weights(self) -> Mapping[str, float]:
        """How much each retriever counts in the fusion."""
        return self.parameters.weights

    def without(self, queries: Collection[frozenset[str]]) -> Judged:
        """The same as if these queries had never been judged."""
        left = (each for each in self.judgements if each.terms not in queries)
        return Judged(left, self.parameters, self.version, self.confidences)

    def factors(
        self, terms: frozenset[str], scores: Mapping[str, float], assets: Mapping[str, str]
    ) -> dict[str, Factor]:
        """The factor of each of `scores` (by segment) that has one, for a query of these `terms`.

        `assets` has the asset of each segment.
        """
        alike = self._alike(terms)
        found: dict[str, Factor] = {}
        for id_, fused in scores.items():
            asset = assets[id_]
            said = tuple(
                (weight, judged)
                for weight, by_entity in alike
                if (judged := by_entity.get(id_) or by_entity.get(asset))
            )
            prior = self._priors.get(asset, 0.0)
            if said or prior:
                found[id_] = Factor(self._factor(said, prior), fused, prior, said)
        return found

    def explain(self, id_: str, asset: str, factor: Factor | None) -> dict[str, Any]:
        """What a hit says of it: the version, the factor, and all that the factor is made of."""
        told: dict[str, Any] = {"version": self.version, "factor": 1.0}
        if factor:
            told |= {"factor": factor.factor, "fused": factor.fused, "asset": factor.asset}
            told["queries"] = [
                {
                    "query": each.query,
                    "likeness": weight,
                    "entity_id": each.entity_id,
                    "value": each.value,
                    "votes": each.votes,
                }
                for weight, each in factor.queries
            ]
            told |= {"bound": self.parameters.bound, "prior": self.parameters.prior}
            told["score"] = FORMULA
        doubts = [
            {"about": each.about, "detail": each.detail, "correct": each.correct}
            | {"incorrect": each.incorrect}
            for each in self._doubts.get(id_, []) + self._doubts.get(asset, [])
        ]
        return {**told, "correctness": doubts} if doubts else told

    def _factor(self, said: Iterable[tuple[float, Judgement]], prior: float) -> float:
        pairs = [(weight, judged.value) for weight, judged in said]
        whole = max(1.0, sum(weight for weight, _ in pairs))
        queries = sum(weight * value for weight, value in pairs) / whole
        limited = max(-1.0, min(1.0, queries + self.parameters.prior * prior))
        return float(2.0 ** (self.parameters.bound * limited))

    def _alike(self, terms: frozenset[str]) -> list[tuple[float, dict[str, Judgement]]]:
        known = set().union(*(self._with.get(term, ()) for term in terms))
        found = [(likeness(terms, other), other) for other in known]
        kept = [pair for pair in found if pair[0] >= self.parameters.likeness]
        kept.sort(key=lambda pair: (-pair[0], sorted(pair[1])))
        return [(weight, self._by_query[other]) for weight, other in kept]

    @cached_property
    def _priors(self) -> dict[str, float]:
        """What all judged queries together make of an asset: -1 to 1."""
        values: dict[str, list[float]] = {}
        for by_entity in self._by_query.values():
            mine: dict[str, list[float]] = {}
            for each in by_entity.values():
                mine.setdefault(each.asset_id, []).append(each.value)
            for asset, said in mine.items():
                values.setdefault(asset, []).append(sum(said) / len(said))
        return {asset: sum(said) / (len(said) + _FEW) for asset, said in values.items()}

    @cached_property
    def _doubts(self) -> dict[str, list[Confidence]]:
        found: dict[str, list[Confidence]] = {}
        for each in self.confidences:
            found.setdefault(each.entity_id, []).append(each)
        return found
