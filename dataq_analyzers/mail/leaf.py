"""The text of a part of a mail."""

from __future__ import annotations

from typing import NamedTuple

from dataq_analyzers.decode import Decoded, codec_name, guessed
from dataq_analyzers.mail.doubled import undoubled
from dataq_analyzers.mail.mime import Part
from dataq_analyzers.mail.transfer import body_of, transfer_encoding

# What says nothing of bytes that are not ASCII.
_ASCII = frozenset({"cp1252", "ascii"})


class Leaf(NamedTuple):
    """Text of a part; `repair` says what was wrong with it, "" if nothing.

    `in_place`: each character stands in the original as `decoded.encoding` writes it.
    """

    decoded: Decoded
    repair: str = ""
    in_place: bool = True


def leaf_text(data: bytes, part: Part) -> Decoded:
    """The text of a leaf: by its charset, else UTF-8, else by guess."""
    return read_leaf(data, part).decoded


def read_leaf(data: bytes, part: Part) -> Leaf:
    """The text of a leaf, and what had to be repaired to have it."""
    found = _decoded(body_of(data, part), part.parameters.get("charset"))
    text = found.decoded.text
    in_place = not transfer_encoding(part)
    if "\r" in text and "\n" not in text:
        lines = found.decoded._replace(text=text.replace("\r", "\n"))
        return Leaf(lines, found.repair or "bare_cr", in_place)
    single = undoubled(text)
    if single != text:
        return Leaf(found.decoded._replace(text=single), "charset_doubled", False)
    return found._replace(in_place=in_place)


def _decoded(body: bytes, charset: str | None) -> Leaf:
    declared = codec_name(charset)
    if body.isascii() and (declared is None or declared in _ASCII):
        return Leaf(Decoded(body.decode("ascii"), declared or "utf-8"))
    # Many say ASCII, or Western European, of UTF-8: hardly anything else is valid as such.
    order = ("utf-8", declared) if declared in _ASCII else (declared, "utf-8")
    for encoding in order:
        if encoding:
            try:
                decoded = Decoded(body.decode(encoding), encoding)
            except (UnicodeError, ValueError):
                continue
            return Leaf(decoded, _repair(charset, encoding == declared))
    fallback = declared if declared and declared != "utf-8" else _guess(body)
    return Leaf(Decoded(body.decode(fallback, "replace"), fallback), _repair(charset, same=False))


def _repair(charset: str | None, same: bool) -> str:
    return "" if same else "charset_wrong" if charset else "charset_missing"


def _guess(body: bytes) -> str:
    """UTF-8 where few bytes are wrong for it, else the most plausible old encoding."""
    high = len(body) - len(body.translate(None, bytes(range(128, 256))))
    if body.decode("utf-8", "replace").count("\ufffd") * 4 < high:
        return "utf-8"
    return guessed(body)
