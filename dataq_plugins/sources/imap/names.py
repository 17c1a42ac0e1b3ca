"""Names of mailboxes: from the server's spelling to people's, and sets of UIDs."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable

_SHIFTED = re.compile(r"&([^-]*)-")
_NOT_PLAIN = re.compile(r"[^\x20-\x7e]+|&")


def decoded(raw: bytes) -> str:
    """Return a name in modified UTF-7 (RFC 3501, 5.1.3) as text; as it is where it is not that."""
    text = raw.decode("utf-8", "backslashreplace")
    try:
        found = _SHIFTED.sub(_unshift, text)
    except (binascii.Error, UnicodeDecodeError):
        return text
    return found if encoded(found) == raw else text


def encoded(name: str) -> bytes:
    """Return a name in modified UTF-7."""
    return _NOT_PLAIN.sub(_shift, name).encode("ascii")


def shown(raw: bytes, delimiter: bytes | None) -> str:
    """Return a mailbox's name as a path: with slashes, whatever the server has there."""
    name = decoded(raw)
    if not delimiter or delimiter == b"/":
        return name
    parts = name.split(delimiter.decode("utf-8", "backslashreplace"))
    return "/".join(part.replace("/", "%2F") for part in parts)


def quoted(data: bytes) -> bytes:
    """Return a string in quotes; for what has no line break in it and no NUL."""
    return b'"' + data.replace(b"\\", rb"\\").replace(b'"', rb"\"") + b'"'


def uid_set(uids: Iterable[int]) -> bytes:
    """Return ascending UIDs as a set: 1:3,7."""
    ranges: list[list[int]] = []
    for uid in uids:
        if ranges and uid == ranges[-1][1] + 1:
            ranges[-1][1] = uid
        else:
            ranges.append([uid, uid])
    texts = (f"{first}:{last}" if last > first else str(first) for first, last in ranges)
    return ",".join(texts).encode()


def ranges_of(text: bytes) -> list[tuple[int, int]]:
    """Return the ranges of a set of UIDs, however wide they are; ValueError if it is none."""
    found = []
    for part in text.split(b","):
        first, _, last = part.partition(b":")
        pair = (int(first), int(last or first))
        found.append((min(pair), max(pair)))
    return found


def _unshift(found: re.Match[str]) -> str:
    if not found[1]:
        return "&"
    data = found[1].replace(",", "/")
    raw = base64.b64decode(data + "=" * (-len(data) % 4), validate=True)
    return raw.decode("utf-16-be")


def _shift(found: re.Match[str]) -> str:
    if found[0] == "&":
        return "&-"
    data = base64.b64encode(found[0].encode("utf-16-be", "surrogatepass")).decode()
    return "&" + data.rstrip("=").replace("/", ",") + "-"
