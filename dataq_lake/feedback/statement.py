"""One thing that somebody says: how relevant a hit is, or whether something is correct."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from dataq_lake.errors import FixTheCall
from dataq_lake.ids import make_id
from dataq_lake.moment import moment

GRADES = range(4)
"""As in TREC: 0 not relevant, 1 it mentions it, 2 relevant, 3 just what was looked for."""
ABOUT = ("edge", "tag", "text", "type")
LONGEST = 10_000
FIELDS = {
    "id", "kind", "query", "entity_id", "about", "detail", "value", "note", "by", "snapshot",
    "created_at",
}  # fmt: skip


@dataclass(frozen=True)
class Statement:
    """A row of feedback before it is stored; `entity_id` may be the first digits of an id.

    `value` is a grade of GRADES for kind relevance, 1 (correct) or 0 for kind correctness.
    """

    kind: str
    entity_id: str
    value: int
    query: str | None = None
    about: str | None = None
    detail: str | None = None
    note: str | None = None
    by: str | None = None
    snapshot: str | None = None
    created_at: datetime | None = None
    id: str | None = None

    def check(self) -> None:
        """Raises FixTheCall for what nobody can have meant."""
        wrong = self._wrong_relevance() if self.kind == "relevance" else self._wrong_correctness()
        long = [each for each in (self.query, self.note, self.detail) if len(each or "") > LONGEST]
        if wrong or long:
            raise FixTheCall(wrong or f"a text of more than {LONGEST:,} characters")

    def _wrong_relevance(self) -> str:
        if not (self.query or "").strip():
            return "relevance is relevance to a query: say which"
        if self.about or self.detail:
            return "about and detail are for correctness"
        if self.value not in GRADES:
            return f"relevance is {self.value!r}: write 0 (not at all), 1, 2 or 3 (just that)"
        return ""

    def _wrong_correctness(self) -> str:
        if self.kind != "correctness":
            return f"kind is {self.kind!r}: write relevance or correctness"
        if self.about not in ABOUT:
            return f"about is {self.about!r}: write one of {', '.join(ABOUT)}"
        if self.about == "tag" and not self.detail:
            return "which tag? say it as detail"
        if self.query:
            return "correctness is about the thing itself: leave out the query"
        if self.value not in (0, 1):
            return f"correctness is {self.value!r}: write 1 (correct) or 0 (incorrect)"
        return ""

    def known_as(self, entity: str) -> str:
        """The id of the row: the same for the same statement about `entity`."""
        said = (self.kind, self.query, entity, self.about, self.detail, self.value)
        when = self.created_at.astimezone(UTC).isoformat() if self.created_at else None
        return make_id("feedback", *said, self.by, self.note, when)


def statement_of(row: Mapping[str, Any]) -> Statement:
    """The statement that a JSON object makes; raises FixTheCall naming the field."""
    unknown = sorted(set(row) - FIELDS)
    if unknown:
        raise FixTheCall(f"no field {unknown[0]!r}: there are {', '.join(sorted(FIELDS))}")
    for name, value in row.items():
        good = (int,) if name == "value" else (str, type(None))
        if not isinstance(value, good) or isinstance(value, bool):
            raise FixTheCall(f"{name} is {value!r}: write {_wanted(name)}")
    missing = [name for name in ("kind", "entity_id", "value") if row.get(name) is None]
    if missing:
        raise FixTheCall(f"{missing[0]} is missing")
    at = row.get("created_at")
    found = Statement(**{**row, "created_at": moment(at) if at else None})
    found.check()
    return found


def _wanted(name: str) -> str:
    return "a whole number" if name == "value" else "text"
