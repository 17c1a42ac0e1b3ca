"""Lists that come in pages: of mails and of history, with tokens that say nothing."""

from __future__ import annotations

import random
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from tests.emulators.gmail.errors import bad_argument
from tests.emulators.gmail.history import Record
from tests.emulators.gmail.mailboxes import Mailbox
from tests.emulators.gmail.mails import Mail
from tests.emulators.gmail.queries import Query

Wanted = Callable[[Record], bool]
LARGEST = 500
# What Gmail says how many there are, where there are more than a page.
ABOUT = 201


@dataclass(frozen=True)
class Place:
    """Where a listing goes on: only for the same user, and for the same question."""

    user: str
    question: tuple[Any, ...]
    after: Any
    until: int = 0


@dataclass
class Pages:
    """`shifting`: pages are cut by number, so that a mail more or less moves all that come later.

    Otherwise a page begins after the last mail of the one before, whatever came or went.
    """

    shifting: bool = False
    _places: dict[str, Place] = field(default_factory=dict)
    _chance: random.Random = field(default_factory=lambda: random.Random(13))

    def expire(self) -> None:
        """No token that was given out is good any more."""
        self._places.clear()

    def mails(
        self, box: Mailbox, query: Query, labels: list[str], size: int, token: str, question: Any
    ) -> dict[str, Any]:
        """A page of messages.list; `question` is all that the token is bound to."""
        place = self._place(box, question, token)
        hidden = {"SPAM", "TRASH"} - query.shown - set(labels)
        begin, skipped = 0, 0
        if place is not None and self.shifting:
            skipped = place.after
        elif place is not None:
            begin = bisect_right(box.order, place.after, key=lambda pair: pair[0])
        found: list[Mail] = []
        for _, mail in box.order[begin:] if begin else box.order:
            if hidden & mail.labels or not mail.labels.issuperset(labels) or not query.test(mail):
                continue
            if skipped:
                skipped -= 1
                continue
            found.append(mail)
            if len(found) > size:
                break
        page = found[:size]
        if not page:
            return {"resultSizeEstimate": 0}
        told: dict[str, Any] = {"messages": [mail.short() for mail in page]}
        if len(found) > size:
            done = (place.after if place else 0) + size if self.shifting else page[-1].key
            told["nextPageToken"] = self._token(Place(box.address, question, done))
        return {**told, "resultSizeEstimate": len(page) if len(found) <= size else ABOUT}

    def history(
        self, box: Mailbox, start: int, wanted: Wanted, size: int, token: str, question: Any
    ) -> tuple[list[Record], str]:
        """A page of the records that are `wanted`, and the token of the next.

        What happens while pages are read is not in them, but `historyId` tells of it at once: who
        keeps that of the last page misses it.
        """
        place = self._place(box, question, token)
        begin, until = (place.after, place.until) if place else (start, box.history.now)
        box.history.since(start)
        records = (each for each in box.history.since(begin) if each.id <= until and wanted(each))
        found = list(islice(records, size + 1))
        if len(found) <= size:
            return found, ""
        return found[:size], self._token(Place(box.address, question, found[size - 1].id, until))

    def _place(self, box: Mailbox, question: Any, token: str) -> Place | None:
        if not token:
            return None
        place = self._places.get(token)
        if place is None or (place.user, place.question) != (box.address, question):
            raise bad_argument("Invalid pageToken")
        return place

    def _token(self, place: Place) -> str:
        token = f"{self._chance.getrandbits(64):020d}"
        self._places[token] = place
        return token
