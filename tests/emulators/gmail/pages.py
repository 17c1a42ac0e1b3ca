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
BEGINNING = (-(1 << 63), 0)


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

    Otherwise a page begins after the last mail of the one before, whatever came or went. `thin`:
    pages hold fewer than was asked for, or nothing at all, though more follow.
    """

    shifting: bool = False
    thin: bool = False
    _thinnings: int = 0
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
        size = self._thinned(size)
        hidden = {"SPAM", "TRASH"} - query.shown - set(labels)
        begin, passed = 0, 0
        if place is not None and self.shifting:
            passed = place.after
        elif place is not None:
            begin = bisect_right(box.order, place.after, key=lambda pair: pair[0])
        skipped = passed
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
        told: dict[str, Any] = {"messages": [mail.short() for mail in page]} if page else {}
        if len(found) <= size:
            return {**told, "resultSizeEstimate": len(page)}
        after = page[-1].key if page else place.after if place else BEGINNING
        done = passed + size if self.shifting else after
        told["nextPageToken"] = self._token(Place(box.address, question, done))
        return {**told, "resultSizeEstimate": ABOUT}

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
        size = self._thinned(size)
        records = (each for each in box.history.since(begin) if each.id <= until and wanted(each))
        found = list(islice(records, size + 1))
        if len(found) <= size:
            return found, ""
        done = found[size - 1].id if size else begin
        return found[:size], self._token(Place(box.address, question, done, until))

    def _thinned(self, size: int) -> int:
        """How many the page is to hold."""
        if not self.thin:
            return size
        self._thinnings += 1
        return (size, 0, 1, size // 2)[self._thinnings % 4]

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
