"""What an answer means for the delivery."""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal

from dataq_plugins.network.answer import Answer

Verdict = Literal["delivered", "refused", "again", "who", "where"]
"""`again`: try later. `who`: credentials are wrong. `where`: the URL is."""

AGAIN = {408, 409, 423, 425, 429}
"""409: as of a receiver that is still at work on the same key (draft-ietf-httpapi-idempotency)."""
SHOWN = 200


def verdict(answer: Answer, duplicates: Collection[int]) -> Verdict:
    """What to do about an answer; `duplicates` are statuses that mean "I have it already"."""
    status = answer.status
    if 200 <= status < 300 or status in duplicates:
        return "delivered"
    if status in AGAIN or status >= 500:
        return "again"
    if status in (401, 403, 407):
        return "who"
    if status < 400 or status in (404, 405, 410):
        return "where"
    return "refused"


def told(answer: Answer) -> str:
    """The status and the beginning of what the receiver says, in one line."""
    text = " ".join(answer.body[: SHOWN * 4].decode("utf-8", "replace").split())[:SHOWN]
    place = answer.headers.get("Location")
    more = f" (to {place})" if place and 300 <= answer.status < 400 else ""
    return f"the receiver answered {answer.status}{more}{': ' + text if text else ''}"
