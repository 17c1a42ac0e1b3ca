"""What many statements come to: each person counts once, and few count for less."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from dataq_lake.feedback.words import terms_of

SHRINK = 1
"""As if so many people had said neither: one alone moves half of what it says."""
_TOP = 3.0

Row = Mapping[str, Any]
Carried = Mapping[str, tuple[str, str]]
"""By the id of what was judged what stands for it today, and the asset of that."""


@dataclass(frozen=True)
class Judgement:
    """What is known of one thing for one query: -1 to 1, from so many votes of a mean `grade`."""

    query: str
    terms: frozenset[str]
    entity_id: str
    entity_type: str
    asset_id: str
    value: float
    votes: int

    @property
    def grade(self) -> float:
        """The mean grade, 0 to 3."""
        return (self.value * (self.votes + SHRINK) / self.votes * _TOP + _TOP) / 2


@dataclass(frozen=True)
class Confidence:
    """How many say that something is correct, and how many that it is not."""

    entity_id: str
    about: str
    detail: str | None
    correct: int
    incorrect: int


def judgements(rows: Iterable[Row], carried: Carried) -> list[Judgement]:
    """One for each query and thing, in a fixed order; of what is gone none.

    Queries of the same stems are one. Of what somebody says twice of a thing the last counts.
    """
    votes: dict[tuple[frozenset[str], str], dict[str, int]] = {}
    first: dict[frozenset[str], str] = {}
    kinds: dict[str, str] = {}
    for row in _in_order(rows, "relevance"):
        terms = terms_of(row["query"])
        if not terms or row["entity_id"] not in carried:
            continue
        id_, _ = carried[row["entity_id"]]
        first.setdefault(terms, row["query"])
        kinds[id_] = row["entity_type"]
        votes.setdefault((terms, id_), {})[row["by"] or ""] = row["value"]
    assets = dict(carried.values())
    found = [
        Judgement(
            first[terms], terms, id_, kinds[id_], assets[id_], _shrunk([*said.values()]), len(said)
        )
        for (terms, id_), said in votes.items()
    ]
    return sorted(found, key=lambda each: (sorted(each.terms), each.entity_id))


def confidences(rows: Iterable[Row]) -> list[Confidence]:
    """One for each thing that is said to be correct or not, in a fixed order."""
    votes: dict[tuple[str, str, str], dict[str, int]] = {}
    for row in _in_order(rows, "correctness"):
        what = (row["entity_id"], row["about"], row["detail"] or "")
        votes.setdefault(what, {})[row["by"] or ""] = row["value"]
    return [
        Confidence(
            entity, about, detail or None, sum(said.values()), len(said) - sum(said.values())
        )
        for (entity, about, detail), said in sorted(votes.items())
    ]


def _shrunk(grades: list[int]) -> float:
    return sum((2 * each - _TOP) / _TOP for each in grades) / (len(grades) + SHRINK)


def _in_order(rows: Iterable[Row], kind: str) -> list[Row]:
    mine = (row for row in rows if row["kind"] == kind)
    return sorted(mine, key=lambda row: (row["created_at"], row["id"]))
