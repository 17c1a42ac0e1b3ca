"""How far the source is: what is known of the mailbox, as of which change. The state, as bytes."""

from __future__ import annotations

import json
import time
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from dataq_plugins.sdk import State
from dataq_plugins.sources.gmail.known import Known
from dataq_plugins.sources.gmail.spans import Spans

MAGIC = b"dataq gmail state 1\n"
MOST_OF_THE_TIME = 20
"""Packing a state may take one part in so many of the time."""
CHEAP_SECONDS = 0.001


class ForeignState(ValueError):
    """These bytes are not a state of this source: begin again without one."""


@dataclass
class Progress:
    """`history` is the id of the change up to which `known` is right for the mails in `covered`.

    `lost`: there were changes that nobody can tell us, so what is known has to be compared.
    `unsure`: the mailbox may have changed while its ids were listed, so that some were passed over.
    """

    account: str
    scope: Mapping[str, object]
    known: Known = field(default_factory=Known)
    covered: Spans = field(default_factory=Spans)
    history: int = 0
    lost: bool = False
    unsure: bool = False
    _saved_at: float = field(default_factory=time.monotonic)
    _cost: float = 0.0

    def lose(self, history: int) -> None:
        """From here on nothing is certain; `history` is the id of a change that is known."""
        self.covered = Spans()
        self.history = history
        self.lost = bool(self.known)

    def due(self) -> bool:
        """Return whether a state is worth its cost."""
        since = time.monotonic() - self._saved_at
        return self._cost < CHEAP_SECONDS or since >= MOST_OF_THE_TIME * self._cost

    def state(self) -> State:
        """Return the state as it is now."""
        begun = time.monotonic()
        value = self.pack()
        self._saved_at = time.monotonic()
        self._cost = self._saved_at - begun
        return State(value)

    def pack(self) -> bytes:
        """Return all of it as bytes."""
        ids, dates, histories, sets, labels = self.known.columns()
        header = {
            "account": self.account,
            "scope": self.scope,
            "covered": list(self.covered),
            "history": self.history,
            "lost": self.lost,
            "unsure": self.unsure,
            "labels": labels,
            "lengths": [len(dates), len(histories), len(sets)],
        }
        text = json.dumps(header, separators=(",", ":")).encode()
        body = b"".join([text, b"\n", dates, histories, sets, "\n".join(ids).encode()])
        return MAGIC + zlib.compress(body, 1)


def unpack(data: bytes, account: str, scope: Mapping[str, object]) -> Progress:
    """Return what `pack` was called on; ForeignState if damaged, or of another account.

    Where the settings were others, the mails stay known but have to be compared.
    """
    if not data.startswith(MAGIC):
        raise ForeignState("it was not written by this plugin, or by another version of it")
    try:
        text, _, body = zlib.decompress(memoryview(data)[len(MAGIC) :]).partition(b"\n")
        header = json.loads(text)
        if header["account"] != account:
            raise ForeignState(f"it is of {header['account']}")
        progress = Progress(
            account,
            scope,
            _known(header, body),
            Spans((start, end) for start, end in header["covered"]),
            int(header["history"]),
            bool(header["lost"]),
            bool(header["unsure"]),
        )
        before = dict(header["scope"])
    except ForeignState:
        raise
    except (zlib.error, ValueError, KeyError, TypeError) as error:
        raise ForeignState(f"it is damaged ({error})") from None
    if before != json.loads(json.dumps(scope)):
        progress.lose(progress.history)
        if before.get("content") != json.loads(json.dumps(scope.get("content"))):
            progress.known.forget_labels()
    return progress


def _known(header: Mapping[str, Any], body: bytes) -> Known:
    columns, at = [], 0
    for length in header["lengths"]:
        columns.append(body[at : at + length])
        at += length
    ids = body[at:].decode().split("\n") if at < len(body) else []
    dates, histories, sets = columns
    return Known.of(ids, dates, histories, sets, [tuple(each) for each in header["labels"]])
