"""Text that was taken for Western European when it was UTF-8, and made UTF-8 once more."""

from __future__ import annotations

import re

_LONGEST = 1 << 20
# How the first byte of a character of two or three bytes looks in cp1252, and one that follows it.
_SIGN = re.compile("[\u00c2-\u00f4][\u0080-\u00bf\u0152-\u2122]")


def undoubled(text: str) -> str:
    """`text` as it was before, if all of it that is not ASCII is such; else as it is."""
    if text.isascii() or len(text) > _LONGEST or not _SIGN.search(text):
        return text
    try:
        return b"".join(map(_byte, text)).decode("utf-8")
    except (UnicodeError, ValueError):
        return text


def _byte(char: str) -> bytes:
    """The byte that was shown as `char`: five that cp1252 does not know stand for themselves."""
    try:
        return char.encode("cp1252")
    except UnicodeEncodeError:
        return char.encode("latin-1")
