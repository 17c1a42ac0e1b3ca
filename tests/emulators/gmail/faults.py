"""What may go wrong with an answer: refusals, broken connections, silence, halves of JSON."""

from __future__ import annotations

import json
from dataclasses import dataclass

from tests.emulators.gmail.calls import Answer
from tests.emulators.gmail.errors import refusal
from tests.emulators.gmail.occasions import Occasion

# What happens to the connection.
WIRE = {
    "reset": "reset before anything is answered",
    "reset-body": "reset in the middle of the body",
    "short": "closed in the middle of a body whose Content-Length promised more",
    "stall": "nothing is answered",
    "stall-body": "nothing more comes in the middle of the body",
    "slow": "comes a few bytes at a time, over `seconds`",
    "hangup": "closed after the answer, without saying so",
}
# What happens to the answer.
BODY = {
    "truncated": "JSON that ends in its middle, in a body that is whole",
    "empty": "no body at all",
    "html": "a page of a proxy, with status 502",
    "drop": "left out of a batch's answer (where it is no part: as `reset`)",
}
PAGE = (
    b"<!DOCTYPE html><title>Error 502 (Server Error)!!1</title><p>The server encountered an error."
)


@dataclass
class Fault:
    """`what`: a status from 400, or a key of WIRE or BODY."""

    what: str
    occasion: Occasion
    reason: str = ""
    retry_after: str | int | None = None
    seconds: float | None = None

    def __post_init__(self) -> None:
        if not (self.what in WIRE or self.what in BODY or self.what.isdigit()):
            raise ValueError(f"no such fault: {self.what}; a status or {[*WIRE, *BODY]}")

    def refuses(self) -> bool:
        """Whether the call is not even done."""
        return self.what.isdigit()

    def spoil(self, answer: Answer) -> Answer:
        """What comes instead of the answer."""
        if self.refuses():
            refused = refusal(int(self.what), self.reason, self.retry_after)
            return Answer(refused.code, refused.body(), headers=refused.headers)
        if self.what in WIRE:
            answer.wire, answer.seconds = self.what, self.seconds
        elif self.what == "truncated":
            answer.body = _cut(answer.body)
        elif self.what == "html":
            return Answer(502, PAGE, "text/html; charset=UTF-8")
        elif self.what == "empty":
            answer.body = b""
        else:
            answer.wire = "drop"
        return answer


def _cut(body: bytes) -> bytes:
    """The first half, or less: never JSON."""
    half = body[: len(body) // 2]
    try:
        json.loads(half)
    except ValueError:
        return half
    return b'{"'
