"""A mail as Gmail tells it: every field of the API's Message and MessagePart.

https://developers.google.com/workspace/gmail/api/reference/rest/v1/users.messages
"""

from __future__ import annotations

import binascii
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple


class BadMessage(ValueError):
    """What came is no mail; the text says what it lacks."""


class Header(NamedTuple):
    """A field of a header as it stands."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class Part:
    """A node of the mail's tree. `size` in bytes; `data` is None where it is to be fetched."""

    part_id: str
    mime_type: str
    filename: str
    headers: tuple[Header, ...]
    size: int
    data: bytes | None
    attachment_id: str
    parts: tuple[Part, ...]

    def walk(self) -> Iterator[Part]:
        """Yield this part and all below, in order."""
        yield self
        for part in self.parts:
            yield from part.walk()


@dataclass(frozen=True, slots=True)
class Message:
    """`internal_ms` is when Gmail received it, Unix milliseconds; `raw` the mail itself.

    What a format does not tell is None or empty. `size_estimate` is in bytes.
    """

    id: str
    thread_id: str
    label_ids: tuple[str, ...]
    snippet: str
    history_id: int
    internal_ms: int
    size_estimate: int
    payload: Part | None
    raw: bytes | None


def message_of(told: Mapping[str, Any]) -> Message:
    """Return the mail in an answer of messages.get; raises BadMessage."""
    try:
        raw = told.get("raw")
        payload = told.get("payload")
        return Message(
            str(told["id"]),
            str(told.get("threadId", "")),
            tuple(sorted(map(str, told.get("labelIds", ())))),
            str(told.get("snippet", "")),
            int(told.get("historyId", 0)),
            int(told["internalDate"]),
            int(told.get("sizeEstimate", 0)),
            None if payload is None else part_of(payload),
            None if raw is None else decoded(raw),
        )
    except BadMessage:
        raise
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise BadMessage(f"{type(error).__name__}: {error}") from None


def part_of(told: Mapping[str, Any]) -> Part:
    """Return a part and those below it."""
    body = told.get("body") or {}
    data = body.get("data")
    return Part(
        str(told.get("partId", "")),
        str(told.get("mimeType", "")),
        str(told.get("filename", "")),
        tuple(Header(str(h["name"]), str(h.get("value", ""))) for h in told.get("headers", ())),
        int(body.get("size", 0)),
        None if data is None else decoded(data),
        str(body.get("attachmentId", "")),
        tuple(map(part_of, told.get("parts", ()))),
    )


def decoded(text: str) -> bytes:
    """Return the bytes of base64url, padded or not; raises BadMessage."""
    try:
        standard = text.encode("ascii").translate(_STANDARD)
        return binascii.a2b_base64(standard + b"=" * (-len(standard) % 4), strict_mode=True)
    except (binascii.Error, ValueError, AttributeError) as error:
        raise BadMessage(f"its bytes are no base64url: {error}") from None


_STANDARD = bytes.maketrans(b"-_", b"+/")
