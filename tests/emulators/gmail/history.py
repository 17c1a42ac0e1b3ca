"""What has happened to a mailbox, in the order of ids that only grow, with gaps."""

from __future__ import annotations

import random
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice

from tests.emulators.gmail.errors import refusal

ADDED, DELETED = "messagesAdded", "messagesDeleted"
LABELS_ADDED, LABELS_REMOVED = "labelsAdded", "labelsRemoved"
# historyTypes of the request: the field of a record
TYPES = {
    "messageAdded": ADDED,
    "messageDeleted": DELETED,
    "labelAdded": LABELS_ADDED,
    "labelRemoved": LABELS_REMOVED,
}


@dataclass(frozen=True)
class Record:
    """One change of one message; of labels, what came and what went. `labels` are those after."""

    id: int
    message: str
    thread: str
    labels: tuple[str, ...]
    changes: dict[str, tuple[str, ...]]  # by field of the record: the labels it is about

    def told(self, fields: set[str]) -> dict[str, object]:
        """As history.list gives it, with those fields only."""
        short = {"id": self.message, "threadId": self.thread}
        record: dict[str, object] = {"id": str(self.id), "messages": [short]}
        for name, about in self.changes.items():
            if name not in fields:
                continue
            full = {**short, "labelIds": list(self.labels)} if self.labels else short
            record[name] = [{"message": full, **({"labelIds": list(about)} if about else {})}]
        return record


@dataclass
class History:
    """`now` is the id of the last change, `floor` the oldest from which history can be had."""

    now: int = 4_711
    floor: int = 4_711
    records: list[Record] = field(default_factory=list)
    _chance: random.Random = field(default_factory=lambda: random.Random(11))

    def next(self) -> int:
        self.now += self._chance.randint(1, 40)
        return self.now

    def since(self, start: int) -> Iterator[Record]:
        """All records with larger ids; 404 where they are no longer known, or never were."""
        if not self.floor <= start <= self.now:
            raise refusal(404)
        return islice(self.records, bisect_right(self.records, start, key=_id), None)

    def expire(self) -> None:
        """Forgets what was: every id up to now is answered with 404."""
        self.records.clear()
        self.floor = self.next()


def _id(record: Record) -> int:
    return record.id
