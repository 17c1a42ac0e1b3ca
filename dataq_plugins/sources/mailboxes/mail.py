"""What is told of a mail besides its bytes: when it was sent, by what name it goes, its flags."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from email.header import decode_header, make_header
from email.message import Message
from email.parser import BytesHeaderParser
from email.utils import parsedate_to_datetime
from hashlib import blake2b

MARK_BYTES = 8
_HEADERS_END = re.compile(rb"\n\r?\n")
_HEADERS_BYTES = 256 << 10
_UNFIT = re.compile(r"[\x00-\x20\x7f/%<>]")
_LONGEST_NAME = 200
_STATUS = {"R": "seen", "A": "answered", "F": "flagged", "D": "deleted", "T": "draft"}
_MOZILLA = {0x1: "seen", 0x2: "answered", 0x4: "flagged", 0x8: "deleted", 0x1000: "forwarded"}


@dataclass(frozen=True, slots=True)
class Facts:
    """`seconds` is the Date in Unix seconds; `message_id` is without its brackets."""

    seconds: int | None
    message_id: str
    flags: frozenset[str] = frozenset()
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail of a mailbox: its name there, its bytes, its time, and what is told of it.

    `problem` stands in the place of content that could not be read.
    """

    name: str
    content: bytes
    seconds: int
    metadata: dict[str, str] = field(default_factory=dict)
    problem: str = ""


def facts_of(content: bytes) -> Facts:
    """Return what the headers of a mail say; of damaged ones as much as can be read."""
    end = _HEADERS_END.search(content, 0, _HEADERS_BYTES)
    headers = BytesHeaderParser().parsebytes(content[: end.end() if end else _HEADERS_BYTES])
    return Facts(
        _seconds(str(headers.get("Date", ""))),
        str(headers.get("Message-ID", "")).strip().strip("<>").strip(),
        frozenset(_flags(headers)),
        tuple(_labels(headers)),
    )


def name_of(facts: Facts, content: bytes) -> str:
    """Return what a mail is called in its mailbox: its Message-ID, else a digest of its bytes."""
    if 0 < len(facts.message_id) <= _LONGEST_NAME and facts.message_id.isprintable():
        return _UNFIT.sub(lambda found: f"%{ord(found[0]):02X}", facts.message_id)
    return blake2b(content, digest_size=16).hexdigest()


def mark_of(*parts: bytes | str) -> str:
    """Return what two versions of a mail are told apart by."""
    hasher = blake2b(digest_size=MARK_BYTES)
    for part in parts:
        data = part.encode("utf-8", "surrogateescape") if isinstance(part, str) else part
        hasher.update(len(data).to_bytes(8))
        hasher.update(data)
    return hasher.hexdigest()


def told(flags: Iterable[str], labels: Iterable[str] = ()) -> dict[str, str]:
    """Return flags and labels as metadata, separated by commas, each where there are any."""
    found = {"flags": ",".join(sorted(flags)), "labels": _line(sorted(labels))}
    return {name: value for name, value in found.items() if value}


def _line(values: list[str]) -> str:
    """Return the values as a line of CSV: a label may have a comma."""
    return ",".join(
        '"' + value.replace('"', '""') + '"' if {",", '"'} & set(value) else value
        for value in values
    )


def _seconds(date: str) -> int | None:
    try:
        found = parsedate_to_datetime(date).timestamp()
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return int(found) if -62_135_596_800 <= found < 253_370_764_800 else None


def _flags(headers: Message) -> Iterable[str]:
    for letter in str(headers.get("Status", "")) + str(headers.get("X-Status", "")):
        if letter in _STATUS:
            yield _STATUS[letter]
    mozilla = str(headers.get("X-Mozilla-Status", "")).strip()
    if re.fullmatch(r"[0-9a-fA-F]{1,8}", mozilla):
        yield from (flag for bit, flag in _MOZILLA.items() if int(mozilla, 16) & bit)


def _labels(headers: Message) -> list[str]:
    """Return the labels that Google's Takeout writes into a header."""
    raw = str(headers.get("X-Gmail-Labels", ""))
    if not raw:
        return []
    try:
        text = str(make_header(decode_header(raw)))
    except (ValueError, LookupError):
        text = raw
    rows = csv.reader([re.sub(r"\s*\n\s*", " ", text.replace("\r", ""))])
    return [label.strip() for row in rows for label in row if label.strip()]
