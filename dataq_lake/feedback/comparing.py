"""Two rankings side by side: which queries they answer otherwise, and which of them better."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from dataq_lake.feedback.carrying import carried
from dataq_lake.feedback.measuring import Case, K, cases, figures, held_out, ndcg
from dataq_lake.feedback.versions import judged
from dataq_lake.feedback.voting import judgements

if TYPE_CHECKING:
    from dataq_lake.feedback.voting import Row
    from dataq_lake.lake import Lake

_MOVES = 5


@dataclass(frozen=True)
class Comparison:
    """What `a` and `b` (versions, None for no ranking) make of the same judged queries."""

    a: int | None
    b: int | None
    by: str
    figures: dict[str, Any]
    better: int
    worse: int
    changes: tuple[dict[str, Any], ...]

    def as_dict(self) -> dict[str, Any]:
        """By name."""
        return asdict(self)


def compare(
    lake: Lake, a: int | None, b: int | None, rows: Sequence[Row] | None = None
) -> Comparison:
    """How `b` differs from `a`, by today's feedback or by `rows` that are like it.

    By feedback, what was learned from a query has no say where it is looked at: in figures, in
    better and in worse each fifth of the queries is ranked by what the others taught. `changes` are
    as a search would show them. Raises FixTheCall, NothingIndexed.
    """
    from dataq_lake.search.searcher import Searcher

    searcher = Searcher(lake.index())
    given = rows is not None
    said = lake.table("feedback").scan().collect().to_dicts() if rows is None else rows
    ids = {row["entity_id"] for row in said if row["kind"] == "relevance"}
    asked = cases(searcher, judgements(said, carried(lake, searcher.snapshot, ids)))
    pair = [None if each is None else judged(lake, each) for each in (a, b)]
    shown = [[case.order(each) for case in asked] for each in pair]
    fair = shown if given else [held_out(asked, each) for each in pair]
    worth = [[ndcg(case, order) for case, order in zip(asked, each, strict=True)] for each in fair]
    return Comparison(
        a,
        b,
        "given judgements" if given else "feedback, held out",
        {name: asdict(figures(asked, each)) for name, each in zip("ab", fair, strict=True)},
        sum(new > old for old, new in zip(*worth, strict=True)),
        sum(new < old for old, new in zip(*worth, strict=True)),
        tuple(_changes(asked, *shown)),
    )


def _changes(asked: Sequence[Case], before: list[list[str]], after: list[list[str]]) -> Any:
    for case, old, new in zip(asked, before, after, strict=True):
        if old[:K] != new[:K]:
            yield {
                "query": case.query,
                "ndcg": [round(ndcg(case, order), 6) for order in (old, new)],
                "moves": _moves(old, new),
            }


def _moves(old: list[str], new: list[str]) -> list[dict[str, Any]]:
    """The hits that moved most among the first ten of either, ranks from 1."""
    was, now = ({id_: rank for rank, id_ in enumerate(each, 1)} for each in (old, new))
    ids = dict.fromkeys([*old[:K], *new[:K]])
    moved = sorted(
        (id_ for id_ in ids if was[id_] != now[id_]),
        key=lambda id_: (-abs(was[id_] - now[id_]), id_),
    )[:_MOVES]
    return [{"id": each, "from": was[each], "to": now[each]} for each in moved]
