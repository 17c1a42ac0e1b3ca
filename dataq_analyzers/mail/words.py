"""The words of a header in any charset, also where they break the rules (RFC 2047)."""

from __future__ import annotations

import binascii
import re

from dataq_analyzers.decode import codec_name
from dataq_analyzers.mail.doubled import undoubled

# The text of a word may hold what it must not, question marks and line breaks; the last word of a
# field may have lost its end. It is repeated in turns that begin differently, and not possessively,
# in which Python before 3.11.5 errs.
_WORD = re.compile(
    r"=\?([^?*\s]{1,40})(?:\*[^?]*)?\?([bBqQ])\?"
    r"([^?=]*(?:(?:=(?!\?[^=])|\?(?!=))[^?=]*)*)(?:\?=|\Z)"
)
_BETWEEN_WORDS = re.compile(r"(\?=)\s+(?==\?[^?\s]{1,40}\?[bBqQ]\?)")
LONGEST = 100_000
"""Bytes of a field that are read: more than that is no line of words."""

_FOLD = re.compile(r"\r?\n[ \t]*")
_NO_BASE64 = re.compile(rb"[^A-Za-z0-9+/]+")


def line(raw: bytes, charset: str = "") -> str:
    """A field as one line of text: encoded words and bare 8-bit characters decoded.

    `charset` is what they are tried in if they are not UTF-8. LONGEST bytes are read.
    """
    return undoubled(" ".join(decode_words(plain(raw[:LONGEST], charset)).split()))


def plain(raw: bytes, charset: str = "") -> str:
    """Bytes of a header as text: UTF-8, else `charset`, else Western European."""
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        text = _decoded(raw, charset)
    return text.replace("\0", "") if "\0" in text else text


def decode_words(text: str) -> str:
    """`text` with its encoded words (RFC 2047) decoded, also where they break its rules."""
    if "=?" not in text:
        return text
    text = _BETWEEN_WORDS.sub(r"\1", text)
    decoded = []
    end = 0
    pending = b""
    charset = ""
    for match in _WORD.finditer(text):
        # A character of several bytes may be split between two words of one charset.
        if match.start() > end or match.group(1).lower() != charset:
            decoded += [_decoded(pending, charset), text[end : match.start()]]
            pending, charset = b"", match.group(1).lower()
        pending += _word(match.group(2), match.group(3))
        end = match.end()
    return "".join([*decoded, _decoded(pending, charset), text[end:]])


def _word(encoding: str, text: str) -> bytes:
    raw = _FOLD.sub("", text).encode("utf-8", "replace")
    if encoding in "qQ":
        return binascii.a2b_qp(raw, header=True)
    raw = _NO_BASE64.sub(b"", raw)
    # One character too many means nothing: it is left over from one that was lost.
    raw = raw[:-1] if len(raw) % 4 == 1 else raw
    return binascii.a2b_base64(raw + b"=" * (-len(raw) % 4))


def _decoded(data: bytes, charset: str) -> str:
    if not data:
        return ""
    try:
        return data.decode(codec_name(charset) or "utf-8")
    except (UnicodeError, ValueError):
        return data.decode("cp1252", "replace")
