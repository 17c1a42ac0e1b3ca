"""Which mails are one conversation, by what they answer and their subject; and what a mail says."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from email.parser import BytesHeaderParser
from email.policy import compat32
from email.utils import mktime_tz, parsedate_tz

from tests.emulators.gmail.trees import header

ANSWER = re.compile(r"(?i)^\s*((re|fwd?|aw|sv|antw|wg)\s*(\[\d+\])?\s*:\s*)+")
READ = {"message-id", "references", "in-reply-to", "subject", "received", "date"}
NAMED = re.compile(r"<[^<>\s]+>")


@dataclass(frozen=True)
class Head:
    """`date` in milliseconds, None where the mail has none that can be read."""

    message_id: str
    named: tuple[str, ...]
    subject: str
    date: int | None


def read_head(raw: bytes) -> Head:
    message = BytesHeaderParser(policy=compat32).parsebytes(raw[:262_144])
    first: dict[str, str] = {}
    for name, value in message.raw_items():
        if name.lower() in READ:
            first.setdefault(name.lower(), header(value))
    own = NAMED.search(first.get("message-id", ""))
    return Head(
        own.group() if own else "",
        tuple(NAMED.findall(first.get("references", "") + first.get("in-reply-to", ""))),
        ANSWER.sub("", first.get("subject", "")).strip().lower(),
        _date(first.get("received", "").rpartition(";")[2], first.get("date", "")),
    )


def _date(*texts: str) -> int | None:
    """When it came in by its first Received, else its Date, as for a mail that was imported."""
    for text in texts:
        try:
            parsed = parsedate_tz(text)
            if parsed is not None:
                return max(0, int(mktime_tz(parsed)) * 1000)
        except (ValueError, OverflowError, TypeError, IndexError):
            continue
    return None


@dataclass
class Threads:
    """Thread ids by (Message-ID, subject without Re:)."""

    _known: dict[tuple[str, str], str] = field(default_factory=dict)

    def find(self, head: Head, otherwise: str) -> str:
        """The thread of a mail that this one names and whose subject it has, else `otherwise`."""
        for each in reversed(head.named):
            if (each, head.subject) in self._known:
                return self._known[each, head.subject]
        return otherwise

    def join(self, head: Head, thread: str) -> None:
        if head.message_id:
            self._known.setdefault((head.message_id, head.subject), thread)
