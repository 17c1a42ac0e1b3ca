"""What is learned from feedback, as the next version of the ranking."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

from dataq_assets.stages.arrow import batch_of
from dataq_lake.difference import Difference
from dataq_lake.errors import NothingIndexed
from dataq_lake.feedback.learning import Learned, learn
from dataq_lake.feedback.measuring import cases, figures, held_out
from dataq_lake.feedback.versions import in_force, judged, use_row, versions
from dataq_lake.feedback.voting import Confidence, Judgement
from dataq_lake.ids import make_id
from dataq_lake.lake import Lake
from dataq_lake.search.searcher import Searcher

Round = Mapping[str, Difference]
FORMAT = 1
"""Of what is learned and how: another one makes a new version of the same feedback."""


@dataclass
class Rankings:
    """One making of a version; nothing is made where feedback and index are those of the newest.

    `automatic` puts it into force if it ranks no worse, on queries that it was not made of. What
    came of it is in `facts`, once the rounds have ended.
    """

    lake: Lake
    run_id: str
    now_us: int
    automatic: bool = False
    facts: dict[str, Any] = field(default_factory=dict)

    def rounds(self) -> Iterator[Round]:
        """What it holds first, then the version; until that is there, nothing can be used."""
        rows = self.lake.table("feedback").scan().collect().to_dicts()
        searcher = self._searcher()
        known = versions(self.lake)
        basis = _basis(rows, searcher)
        id_ = make_id("ranking", FORMAT, json.dumps(basis, sort_keys=True))
        there = next((each for each in known if each.id == id_), None)
        if there or not rows:
            self.facts |= {"version": there.version if there else 0, "made": False}
            return
        learned = learn(self.lake, rows, searcher)
        yield from _held(id_, learned)
        number = max((each.version for each in known), default=0) + 1
        self._tell(number, learned)
        yield {"rankings": _one("rankings", self._row(id_, number, basis, learned))}
        if self.automatic and searcher and self._is_no_worse(searcher, learned):
            self.facts["in_force"] = True
            row = use_row(self.lake, number, None, "made, and no worse")
            yield {"ranking_uses": _one("ranking_uses", row)}

    def _searcher(self) -> Searcher | None:
        try:
            return Searcher(self.lake.index())
        except NothingIndexed:
            return None

    def _is_no_worse(self, searcher: Searcher, learned: Learned) -> bool:
        """By nDCG on all queries judged today, each ranked by what others said."""
        asked = cases(searcher, learned.judged.judgements)
        now = in_force(self.lake)
        before = judged(self.lake, now) if now is not None else None
        new, old = (figures(asked, held_out(asked, each)) for each in (learned.judged, before))
        return new.ndcg >= old.ndcg

    def _tell(self, number: int, learned: Learned) -> None:
        self.facts |= {"version": number, "made": True}
        self.facts["judgements"] = len(learned.judged.judgements)
        self.facts["confidences"] = len(learned.judged.confidences)
        self.facts["gone"] = learned.gone
        for name, found in learned.figures.items():
            self.facts |= {f"ndcg_{name}": found["ndcg"], f"mrr_{name}": found["mrr"]}

    def _row(
        self, id_: str, number: int, basis: dict[str, Any], learned: Learned
    ) -> dict[str, Any]:
        return {
            "id": id_,
            "version": number,
            "basis": json.dumps({**basis, "gone": learned.gone}),
            "parameters": json.dumps(learned.judged.parameters.as_dict()),
            "figures": json.dumps(learned.figures),
            "created_at": datetime.fromtimestamp(self.now_us / 1e6, UTC),
            "run_id": self.run_id,
        }


def _basis(rows: list[dict[str, Any]], searcher: Searcher | None) -> dict[str, Any]:
    return {
        "feedback": len(rows),
        "digest": make_id(*sorted(row["id"] for row in rows)),
        "snapshot": searcher.snapshot.manifest.id if searcher else None,
    }


def _held(id_: str, learned: Learned) -> Iterator[Round]:
    said = [_judgement_row(id_, each) for each in learned.judged.judgements]
    doubts = [_confidence_row(id_, each) for each in learned.judged.confidences]
    if said:
        yield {"ranking_judgements": Difference([batch_of("ranking_judgements", said)])}
    if doubts:
        yield {"ranking_confidences": Difference([batch_of("ranking_confidences", doubts)])}


def _judgement_row(ranking: str, each: Judgement) -> dict[str, Any]:
    terms = sorted(each.terms)
    id_ = make_id("judgement", ranking, each.entity_id, *terms)
    return {**asdict(each), "id": id_, "ranking_id": ranking, "terms": terms}


def _confidence_row(ranking: str, each: Confidence) -> dict[str, Any]:
    id_ = make_id("confidence", ranking, each.entity_id, each.about, each.detail)
    return {**asdict(each), "id": id_, "ranking_id": ranking}


def _one(table: str, row: dict[str, Any]) -> Difference:
    return Difference([batch_of(table, [row])])
