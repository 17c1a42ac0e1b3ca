"""How good a ranking is: nDCG, reciprocal rank, recall; from the grades of its hits in order."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

DEPTH = 10


@dataclass(frozen=True)
class Quality:
    """Each from 0 to 1; of one ranking, or the mean of several."""

    ndcg: float
    reciprocal_rank: float
    recall: float


def quality(found: Sequence[int], relevant: Sequence[int]) -> Quality:
    """The quality of a ranking whose hits have the grades `found`, of all the grades `relevant`."""
    gain, share = ndcg(found, relevant), recall(found, relevant)
    return Quality(gain, reciprocal_rank(found), share)


def mean(qualities: Sequence[Quality]) -> Quality:
    """The mean of at least one."""
    return Quality(
        fmean(each.ndcg for each in qualities),
        fmean(each.reciprocal_rank for each in qualities),
        fmean(each.recall for each in qualities),
    )


def ndcg(found: Sequence[int], relevant: Sequence[int], depth: int = DEPTH) -> float:
    """Discounted cumulative gain of the first `depth` hits, by that of the best order possible.

    A grade is its own gain and the discount is 1 / log2(1 + rank), as in trec_eval; Järvelin and
    Kekäläinen, "Cumulated gain-based evaluation of IR techniques", TOIS 20(4), 2002.
    """
    return _gain(found[:depth]) / _gain(sorted(relevant, reverse=True)[:depth])


def reciprocal_rank(found: Sequence[int], depth: int = DEPTH) -> float:
    """1 / the rank of the first hit of any grade but 0; 0 if there is none in `depth`."""
    ranks = (rank for rank, grade in enumerate(found[:depth], 1) if grade)
    return 1 / next(ranks, math.inf)


def recall(found: Sequence[int], relevant: Sequence[int], depth: int = DEPTH) -> float:
    """The share of what is relevant, of any grade, that is among the first `depth` hits."""
    return sum(1 for grade in found[:depth] if grade) / len(relevant)


def _gain(grades: Sequence[int]) -> float:
    return sum(grade / math.log2(1 + rank) for rank, grade in enumerate(grades, 1))
