"""Where a page begins, and the mark that lets the next one go on in the same snapshot."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dataq_lake.errors import BadQuery

_CURSOR = re.compile(r"([0-9a-f]{32})\.(\d{1,9})\.(\d{1,9})\.([0-9a-f]{8})(?:\.(\d{1,9}))?")


@dataclass(frozen=True)
class Cursor:
    """The place after a hit: how many hits are before it, in an answer to one question.

    `depth` is how far down the retrievers looked, on which the order depends; `question` is a
    digest of what was asked, `ranking` the version of the ranking that had a say, if one had.
    """

    snapshot: str
    offset: int
    depth: int
    question: str
    ranking: int | None = None

    def __str__(self) -> str:
        """As it is handed out and taken back."""
        end = "" if self.ranking is None else f".{self.ranking}"
        return f"{self.snapshot}.{self.offset}.{self.depth}.{self.question}{end}"


def parse_cursor(text: str) -> Cursor:
    """The cursor that `text` is; raises BadQuery."""
    found = _CURSOR.fullmatch(text)
    if found is None:
        raise BadQuery(f"{text[:80]!r} is no cursor: take the field cursor of the last hit")
    ranking = int(found[5]) if found[5] else None
    return Cursor(found[1], int(found[2]), int(found[3]), found[4], ranking)


@dataclass(frozen=True)
class Place:
    """One line of an answer: a segment, and how many others of its asset it stands for."""

    id: str
    others: int | None = None


def grouped(ids: Sequence[str], assets: Mapping[str, str]) -> list[Place]:
    """The first of `ids` of each asset, with the count of those that follow."""
    counts: dict[str, int] = {}
    first: dict[str, str] = {}
    for id_ in ids:
        asset = assets[id_]
        first.setdefault(asset, id_)
        counts[asset] = counts.get(asset, -1) + 1
    return [Place(id_, counts[asset]) for asset, id_ in first.items()]
