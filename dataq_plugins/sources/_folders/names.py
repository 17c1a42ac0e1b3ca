"""Ids of files: the path below the root, also where the name is not text."""

from __future__ import annotations

import os
import re

ESCAPED = "./"
"""Begins an id whose path is not UTF-8; no other id begins so. What follows is percent-encoded."""

_UNDECODED = re.compile("[\udc80-\udcff]")
_PERCENT = re.compile(rb"%([0-9A-F]{2})")


def source_id(path: str) -> str:
    """Return the id of a path as the operating system gave it (`os.fsdecode`).

    The path itself where it is UTF-8; else "./" and the path with "%" and every undecodable byte
    as %XX. Both are reversible, and no two paths share an id.
    """
    if path.isascii():
        return path
    raw = os.fsencode(path)
    try:
        return raw.decode()
    except UnicodeDecodeError:
        text = raw.replace(b"%", b"%25").decode("utf-8", "surrogateescape")
        return ESCAPED + _UNDECODED.sub(lambda byte: f"%{ord(byte[0]) - 0xDC00:02X}", text)


def is_escaped(identity: str) -> bool:
    """Return whether the id stands for a path that is not UTF-8."""
    return identity.startswith(ESCAPED)


def path_bytes(identity: str) -> bytes:
    """Return the bytes of the path that an id stands for."""
    if not is_escaped(identity):
        return identity.encode()
    quoted = identity.removeprefix(ESCAPED).encode()
    return _PERCENT.sub(lambda code: bytes.fromhex(code[1].decode()), quoted)
