"""What the header of a mail says: people, subject, ids and times (RFC 5322)."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from email.utils import getaddresses, parsedate_tz

from dataq_analyzers.interface import Message
from dataq_analyzers.mail.fields import Headers
from dataq_analyzers.mail.words import decode_words, line, plain

_LONGEST = 100_000
_LABELS = (b"x-gmail-labels", b"x-keywords", b"keywords")
_MESSAGE_ID = re.compile(r"<([^<>\s]{1,900})>")
_SIMPLE_ADDRESS = re.compile(
    r"\s*(?:([^\"<>,;:()\[\]\\@]*?)\s*<([^\s<>,;:()\"\\@]+@[^\s<>,;:()\"\\@]+)>"
    r"|([^\s<>,;:()\"\\@]+@[^\s<>,;:()\"\\@]+))\s*"
)


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
        subject=line(headers.first(b"subject")) or None,
        labels=_labels(headers),
    )


def addresses(headers: Headers, name: bytes) -> tuple[str, ...]:
    """The addresses of a field, as "Name <address>" or plain; all of it where none can be told."""
    found: list[str] = []
    for raw in headers.all(name):
        value = " ".join(plain(raw[:_LONGEST]).split())
        found += _simple_addresses(value) or _any_addresses(value)
    return tuple(found)


def _simple_addresses(value: str) -> list[str]:
    """The addresses of a field without quotes and comments, which most are; [] of any other."""
    found = []
    for piece in value.split(","):
        match = _SIMPLE_ADDRESS.fullmatch(piece)
        if match is None:
            return []
        found.append(_address(match.group(1) or "", match.group(2) or match.group(3)))
    return found


def _any_addresses(value: str) -> list[str]:
    try:
        pairs = getaddresses([value])
    except (ValueError, IndexError, TypeError, RecursionError):
        pairs = []
    found = [_address(name, address) for name, address in pairs if "@" in address]
    text = " ".join(decode_words(value).split())
    return found or ([text] if text else [])


def _address(name: str, address: str) -> str:
    name = " ".join(decode_words(name).split())
    return f"{name} <{address}>" if name else address


def message_ids(headers: Headers, name: bytes) -> tuple[str, ...]:
    """The message ids of a field, without angle brackets, each once."""
    raw = b" ".join(headers.all(name))
    return tuple(dict.fromkeys(_MESSAGE_ID.findall(plain(raw)))) if raw else ()


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
    values = [line(raw) for name in _LABELS for raw in headers.all(name)]
    labels = (label.strip() for value in values for label in value.split(","))
    return tuple(dict.fromkeys(label for label in labels if label))
