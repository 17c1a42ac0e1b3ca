"""Which mails are one conversation, by what they answer and their subject; and what a mail says."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from email.message import Message
from email.parser import BytesHeaderParser
from email.policy import compat32
from email.utils import mktime_tz, parsedate_tz

from tests.emulators.gmail.trees import header

ANSWER = re.compile(r"(?i)^\s*((re|fwd?|aw|sv|antw|wg)\s*(\[\d+\])?\s*:\s*)+")
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
    names = header(message.get("References", "")) + header(message.get("In-Reply-To", ""))
    own = NAMED.search(header(message.get("Message-ID", "")))
    return Head(
        own.group() if own else "",
        tuple(NAMED.findall(names)),
        ANSWER.sub("", header(message.get("Subject", ""))).strip().lower(),
        _date(message),
    )


def _date(message: Message) -> int | None:
    """When it came in by its first Received, else its Date, as for a mail that was imported."""
    for text in (header(message.get("Received", "")).rpartition(";")[2], message.get("Date", "")):
        try:
            parsed = parsedate_tz(header(text))
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
