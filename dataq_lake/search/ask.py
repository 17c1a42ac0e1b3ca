"""What is asked of a snapshot: the words, and how the answer is wanted."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypedDict

from dataq_lake.errors import BadQuery
from dataq_lake.ids import make_id
from dataq_lake.search.filters import Filters
from dataq_lake.search.paging import Cursor, parse_cursor
from dataq_lake.search.snippets import SNIPPET

Mode = Literal["hybrid", "text", "vector"]
MODES: tuple[Mode, ...] = ("hybrid", "text", "vector")
Group = Literal["asset"]
DEPTH = 100  # how far down each retriever looks before fusion, or twice k if that is more
_DEEPEST = 100_000
_DIGEST = 8


class More(TypedDict, total=False):
    """What a search may be told besides; all by name.

    offset: how many hits to leave out at the beginning.
    cursor: that of a hit, after which the answer goes on: in its snapshot, whatever is newer.
    depth: how far down each retriever looks, by default 100, or twice k if that is more.
    group: "asset" gives the best segment of each asset, with the count of others.
    like, unlike: ids of segments or assets to move the query towards and away from.
    snippet: how many characters a snippet has.
    ranking: the number of a ranking made of feedback, or "none"; by default the one in force.
    """

    offset: int
    cursor: str | None
    depth: int | None
    group: Group | None
    like: Sequence[str]
    unlike: Sequence[str]
    snippet: int
    ranking: int | Literal["none"] | None


@dataclass(frozen=True)
class Ask:
    """One question with all that its answer depends on; see More."""

    query: str
    k: int = 10
    filters: Filters = Filters()
    mode: Mode = "hybrid"
    offset: int = 0
    cursor: str | None = None
    depth: int | None = None
    group: Group | None = None
    like: Sequence[str] = ()
    unlike: Sequence[str] = ()
    snippet: int = SNIPPET
    ranking: int | Literal["none"] | None = None

    def check(self) -> None:
        """Raises BadQuery for what cannot be answered, FixTheCall for a bad time."""
        problems = {
            f"k is {self.k}: ask for at least one hit": self.k < 1,
            f"mode {self.mode!r} is none of {', '.join(MODES)}": self.mode not in MODES,
            f"group is {self.group!r}: hits can be grouped by asset": self.group
            not in {None, "asset"},
            f"offset is {self.offset}: it counts from 0": self.offset < 0,
            "a cursor has its own offset and depth": bool(
                self.cursor and (self.offset or self.depth)
            ),
            f"depth is {self.depth}: it goes from 1 to {_DEEPEST:,}": self.depth is not None
            and not 1 <= self.depth <= _DEEPEST,
            "like and unlike move vectors: mode text has none": self.mode == "text"
            and bool(self.like or self.unlike),
        }
        for problem, there in problems.items():
            if there:
                raise BadQuery(problem)
        self.filters.as_dict()

    def start(self, snapshot: str, ranking: int | None = None) -> Cursor:
        """Where the page begins; raises BadQuery for the cursor of another question.

        `ranking` is the version that ranks, if one does.
        """
        digest = self.digest()
        if self.cursor is None:
            depth = self.depth or max(DEPTH, 2 * self.k)
            return Cursor(snapshot, self.offset, depth, digest, ranking)
        cursor = parse_cursor(self.cursor)
        if cursor.question != digest:
            raise BadQuery("the cursor is of another question: repeat that one, but for its -k")
        if cursor.snapshot != snapshot:
            raise BadQuery(f"the cursor is of snapshot {cursor.snapshot}, asked is {snapshot}")
        if cursor.ranking != ranking:
            raise BadQuery(f"the cursor is of ranking {cursor.ranking}, asked is {ranking}")
        return cursor

    def digest(self) -> str:
        """What the order of hits depends on, besides snapshot and depth, in eight hex digits."""
        parts = [self.query, self.mode, self.group, list(self.like), list(self.unlike)]
        text = json.dumps([*parts, self.filters.as_dict()], sort_keys=True)
        return make_id(text)[:_DIGEST]
