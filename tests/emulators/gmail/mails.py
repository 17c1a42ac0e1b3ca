"""One mail of a mailbox, in the four formats in which messages.get gives it."""

from __future__ import annotations

import json
import zlib
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from tests.emulators.gmail.errors import Refused
from tests.emulators.gmail.trees import Tree, base64url, take_apart

Key = tuple[int, int]
FORMATS = ("minimal", "full", "raw", "metadata")
MARKER = "ANGjdJ_unissued_"


@dataclass
class Mail:
    """`date` in milliseconds since 1970, `history_id` that of its last change."""

    id: str
    thread_id: str
    raw: bytes
    date: int
    history_id: int
    labels: set[str] = field(default_factory=set)
    message_id: str = ""

    @property
    def key(self) -> Key:
        """What lists are sorted by: the newest first."""
        return (-self.date, -int(self.id, 16))

    @cached_property
    def tree(self) -> Tree:
        return take_apart(self.raw, MARKER)

    @cached_property
    def ready(self) -> bytes:
        """The payload of the format full, in JSON."""
        return json.dumps(self.tree.payload).encode()

    @cached_property
    def headers(self) -> list[dict[str, str]]:
        return list(self.tree.payload["headers"])

    def header(self, name: str) -> str:
        """All values of a header, in lower case."""
        return " ".join(h["value"] for h in self.headers if h["name"].lower() == name).lower()

    @cached_property
    def words(self) -> str:
        """What a word of a query is looked for in: subject, people and text, in lower case."""
        people = " ".join(self.header(name) for name in ("subject", "from", "to", "cc"))
        return f"{people} {self.tree.text.lower()}"

    def short(self, labels: bool = False) -> dict[str, Any]:
        """The mail as lists and history name it."""
        named: dict[str, Any] = {"id": self.id, "threadId": self.thread_id}
        if labels and self.labels:
            named["labelIds"] = sorted(self.labels)
        return named

    def minimal(self) -> dict[str, Any]:
        """An estimate is one: a few bytes beside the truth."""
        return {
            **self.short(labels=True),
            "snippet": self.tree.snippet,
            "sizeEstimate": max(1, len(self.raw) + zlib.crc32(self.id.encode()) % 7 - 3),
            "historyId": str(self.history_id),
            "internalDate": str(self.date),
        }

    def told(self, form: str, only: list[str]) -> bytes:
        """The JSON of messages.get; `only` are the metadataHeaders, all where it is empty."""
        if form not in FORMATS:
            raise Refused(400, f"Invalid value at 'format', \"{form}\"", "invalid")
        begun = json.dumps(self.minimal()).encode()
        if form == "minimal":
            return begun
        if form == "raw":
            return b'%s, "raw": "%s"}' % (begun[:-1], base64url(self.raw).encode())
        payload = self.ready
        if form == "metadata":
            head = self.tree.head()
            wanted = {name.lower() for name in only}
            if wanted:
                kept = [h for h in head["headers"] if h["name"].lower() in wanted]
                head = {**head, "headers": kept}
            payload = json.dumps(head).encode()
        return b'%s, "payload": %s}' % (begun[:-1], payload)
