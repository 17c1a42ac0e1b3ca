"""Makes a ranking of what people said: the judgements, and the weights if there are enough."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from dataq_lake.feedback.carrying import carried
from dataq_lake.feedback.judged import Judged, Parameters
from dataq_lake.feedback.measuring import FOLDS, Case, cases, figures, held_out
from dataq_lake.feedback.voting import confidences, judgements
from dataq_lake.search.explain import WEIGHTS

if TYPE_CHECKING:
    from dataq_lake.feedback.voting import Row
    from dataq_lake.lake import Lake
    from dataq_lake.search.searcher import Searcher

ENOUGH = 20
"""So many judged queries until the weights of the retrievers are fitted."""
BETTER = 0.01
"""What other weights have to gain in nDCG on queries that they were not chosen by."""
VECTOR_WEIGHTS = (0.35, 0.5, 0.7, 1.0, 1.4)


@dataclass(frozen=True)
class Learned:
    """A ranking without a number, and how well it ranks what it was made of."""

    judged: Judged
    figures: dict[str, Any]
    gone: int
    """How many things were judged of which nothing is current."""


def learn(lake: Lake, rows: Sequence[Row], searcher: Searcher | None) -> Learned:
    """What `rows` of feedback come to; without an index to ask only what is correct."""
    doubts = confidences(rows)
    if searcher is None:
        return Learned(Judged([], Parameters(), 0, doubts), {}, 0)
    ids = {row["entity_id"] for row in rows if row["kind"] == "relevance"}
    here = carried(lake, searcher.snapshot, ids)
    said = judgements(rows, here)
    asked = cases(searcher, said)
    weights = fitted(asked)
    judged = Judged(said, replace(Parameters(), weights=weights), 0, doubts)
    return Learned(judged, told(asked, judged), len(ids) - len(here))


def told(asked: Sequence[Case], judged: Judged) -> dict[str, Any]:
    """Figures of a ranking beside those without: on what it knows, and on what it does not."""
    return {
        "without": asdict(figures(asked, held_out(asked, None))),
        "held_out": asdict(figures(asked, held_out(asked, judged))),
        "seen": asdict(figures(asked, [case.order(judged) for case in asked])),
    }


def fitted(asked: Sequence[Case]) -> Mapping[str, float]:
    """The weights that rank these queries best, if others than the usual are surely better.

    They are chosen on four fifths and looked at on the fifth, five times.
    """
    if len(asked) < ENOUGH:
        return WEIGHTS
    gain = 0.0
    for fold in range(FOLDS):
        rest = [case for case in asked if case.fold != fold]
        mine = [case for case in asked if case.fold == fold]
        gain += (_worth(mine, _best(rest)) - _worth(mine, WEIGHTS)) * len(mine) / len(asked)
    return _best(asked) if gain > BETTER else WEIGHTS


def _best(asked: Sequence[Case]) -> Mapping[str, float]:
    """Of equal ones the nearest to the usual."""
    usual = WEIGHTS["vector"]
    near = sorted(VECTOR_WEIGHTS, key=lambda weight: abs(weight - usual))
    return max(({**WEIGHTS, "vector": weight} for weight in near), key=lambda w: _worth(asked, w))


def _worth(asked: Sequence[Case], weights: Mapping[str, float]) -> float:
    return figures(asked, [case.order(None, weights) for case in asked]).ndcg
