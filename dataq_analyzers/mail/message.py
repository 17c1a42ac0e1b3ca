"""What the header of a mail says: people, subject, ids and times (RFC 5322)."""

from __future__ import annotations

import csv
import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_tz

from dataq_analyzers.interface import Message
from dataq_analyzers.mail.fields import Headers
from dataq_analyzers.mail.people import people
from dataq_analyzers.mail.words import line, plain

_LABELS = (b"x-gmail-labels", b"x-keywords", b"keywords")
_MOST_IDS = 1_000
_MESSAGE_ID = re.compile(r"<([^<>\s]{1,900})>")


def read_message(headers: Headers) -> Message:
    """The fields that tie a mail to people, time and other mails."""
    ids = message_ids(headers, b"message-id")
    answered = message_ids(headers, b"in-reply-to")
    senders = addresses(headers, b"from") or addresses(headers, b"sender")
    return Message(
        message_id=ids[0] if ids else line(headers.first(b"message-id")) or None,
        in_reply_to=answered[0] if answered else None,
        references=message_ids(headers, b"references"),
        sender=senders[0] if senders else None,
        to=addresses(headers, b"to"),
        cc=addresses(headers, b"cc"),
        date=date(headers),
        subject=line(headers.first(b"subject"), headers.charset) or None,
        labels=_labels(headers),
    )


def addresses(headers: Headers, name: bytes) -> tuple[str, ...]:
    """The addresses of a field, as "Name <address>" or plain; all of it where none can be told."""
    return tuple(map(str, people(headers, name)))


def message_ids(headers: Headers, name: bytes) -> tuple[str, ...]:
    """The message ids of a field, without angle brackets, each once: the first and the last."""
    raw = b" ".join(headers.all(name))
    found = tuple(dict.fromkeys(_MESSAGE_ID.findall(plain(raw)))) if raw else ()
    return found if len(found) <= _MOST_IDS else (found[0], *found[1 - _MOST_IDS :])


def date(headers: Headers) -> datetime | None:
    """The Date field in UTC, None where it is absent or means nothing."""
    try:
        fields = parsedate_tz(plain(headers.first(b"date")))
        if fields is None:
            return None
        local = datetime(*fields[:6], tzinfo=UTC)
        return local - timedelta(seconds=fields[9] or 0)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def _labels(headers: Headers) -> tuple[str, ...]:
    """What Google's Takeout, mutt and others, and Thunderbird write into a header."""
    values = [line(raw) for name in _LABELS for raw in headers.all(name)]
    labels = [label for row in csv.reader(values, skipinitialspace=True) for label in row]
    labels += [key for raw in headers.all(b"x-mozilla-keys") for key in line(raw).split()]
    return tuple(dict.fromkeys(label.strip() for label in labels if label.strip()))
