"""Bytes to text, with a way back from a character to its byte and line in the original."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable
from typing import NamedTuple

from dataq_analyzers.errors import SkipContent
from dataq_analyzers.interface import Place, Unit
from dataq_analyzers.segments import Block

MAX_BYTES = 64 * 1024 * 1024
SAMPLE = 64 * 1024

# UTF-32 before UTF-16: the little-endian mark of one begins with that of the other.
MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# What browsers make of these labels (WHATWG Encoding Standard): the superset people really write.
_SUPERSETS = {
    "ascii": "cp1252",
    "iso8859-1": "cp1252",
    "iso8859-9": "cp1254",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "euc_kr": "cp949",
    "shift_jis": "cp932",
}
# Encodings in which a character's bytes do not depend on what came before it.
_STATEFUL = re.compile(r"iso2022|hz|utf_?7|punycode|idna|escape")
_CONTROLS = bytes(set(range(32)) - {7, 8, 9, 10, 11, 12, 13, 26, 27})
_HIGH = bytes(range(128, 256))


class Decoded(NamedTuple):
    """Text, the codec that made it, and the length of the byte order mark before it."""

    text: str
    encoding: str
    mark: int = 0


def decode(data: bytes, charset: str | None = None) -> Decoded:
    """The text of `data`, by byte order mark, then as UTF-8, then by `charset`, then by guess.

    Raises SkipContent where the bytes are too many or no text.
    """
    require_size(data)
    for mark, encoding in MARKS:
        if data.startswith(mark):
            return _decode_strictly(data[len(mark) :], encoding, len(mark))
    declared = codec_name(charset)
    # ISO-2022 and UTF-7 are ASCII to the eye: only what was declared tells them apart.
    if declared and _STATEFUL.search(declared):
        try:
            return Decoded(data.decode(declared), declared)
        except UnicodeError:
            pass
    try:
        return _checked(Decoded(data.decode("utf-8"), "utf-8"), data)
    except UnicodeDecodeError:
        return _decode_otherwise(data, declared)


def require_size(data: bytes) -> None:
    """Raise SkipContent where there is more than anyone would read as text."""
    if len(data) > MAX_BYTES:
        raise SkipContent(f"too large to analyze: {len(data)} bytes, the limit is {MAX_BYTES}")


def codec_name(charset: str | None) -> str | None:
    """Python's name of a declared charset (its common superset), None where it is unknown."""
    if not charset:
        return None
    try:
        name = codecs.lookup(charset.strip().strip("\"'")).name
    except (LookupError, ValueError):
        return None
    # rot13, base64 and the like are codecs to Python, but not of text.
    if not codecs.lookup(name)._is_text_encoding:  # noqa: SLF001 - it has no public name
        return None
    return _SUPERSETS.get(name.replace("-", "_") if name.startswith("euc") else name, name)


def _decode_strictly(data: bytes, encoding: str, mark: int) -> Decoded:
    try:
        return Decoded(data.decode(encoding), encoding, mark)
    except UnicodeDecodeError as error:
        raise SkipContent(
            f"begins with the byte order mark of {encoding} but byte {error.start + mark} "
            "does not fit it"
        ) from error


def _checked(decoded: Decoded, data: bytes) -> Decoded:
    """What decodes as UTF-8, unless it is something else that happens to."""
    if b"\0" in data:
        wide = wide_encoding(data)
        if wide is None:
            raise SkipContent("not text: it contains NUL bytes")
        return _decode_strictly(data, wide, 0)
    _refuse_controls(data[:SAMPLE])
    return decoded


def _refuse_controls(sample: bytes) -> None:
    controls = len(sample) - len(sample.translate(None, _CONTROLS))
    if controls > len(sample) // 10:
        raise SkipContent("not text: full of control characters")


def wide_encoding(data: bytes) -> str | None:
    """utf-16-le or -be where bytes without a mark look like it: NUL in every other place."""
    sample = data[: min(len(data), 4096) & ~1]
    if len(sample) < 4 or len(data) % 2:
        return None
    even, odd = sample[::2].count(0), sample[1::2].count(0)
    half = len(sample) // 2
    for nul, other, encoding in ((odd, even, "utf-16-le"), (even, odd, "utf-16-be")):
        if nul > 0.7 * half and other < 0.05 * half:
            try:
                sample.decode(encoding)
            except UnicodeDecodeError:
                return None
            return encoding
    return None


def _decode_otherwise(data: bytes, declared: str | None) -> Decoded:
    if wide := wide_encoding(data):
        return _decode_strictly(data, wide, 0)
    sample = data[:SAMPLE]
    if declared and declared != "utf-8" and b"\0" not in sample:
        try:
            return Decoded(data.decode(declared), declared)
        except UnicodeDecodeError:
            pass
    if b"\0" in sample:
        raise SkipContent("not text: neither UTF-8 nor UTF-16, and it contains NUL bytes")
    _refuse_controls(sample)
    mended = data.decode("utf-8", "replace")
    if mended.count("\ufffd") * 4 < len(data) - len(data.translate(None, _HIGH)):
        return Decoded(mended, "utf-8")
    encoding = guessed(data)
    return Decoded(data.decode(encoding, "replace"), encoding)


def guessed(data: bytes) -> str:
    """The most plausible old encoding, cp1252 where nothing is better."""
    first = re.search(rb"[\x80-\xff]", data)
    if first is None or len(data) - len(data.translate(None, _HIGH)) < 4:
        return "cp1252"
    from charset_normalizer import from_bytes

    # Around the first bytes that are not ASCII: they decide, and guessing is slow.
    start = max(0, first.start() - 1024)
    best = from_bytes(data[start : start + 8192]).best()
    return codec_name(best.encoding if best else None) or "cp1252"


class Locator:
    """Byte and line of characters of a decoded text, asked for in ascending order.

    `byte` and `line` are those of the original at which the decoded bytes begin.
    """

    def __init__(
        self, decoded: Decoded, byte: int = 0, line: int = 1, part: str | None = None
    ) -> None:
        self._text = decoded.text
        self._encoding = decoded.encoding
        self._part = part
        self._char = 0
        self._line = line
        self._byte = byte + decoded.mark
        wide = decoded.encoding.startswith(("utf-16", "utf-32"))
        self._one_byte = decoded.text.isascii() and not wide
        self._has_bytes = not _STATEFUL.search(decoded.encoding)

    def place(self, char: int) -> Place:
        """The place of character `char`, which is not before the one asked for last."""
        self._line += self._text.count("\n", self._char, char)
        if self._one_byte:
            self._byte += char - self._char
        elif self._has_bytes:
            between = self._text[self._char : char]
            self._byte += len(between.encode(self._encoding, "replace"))
        self._char = char
        return Place(self._byte if self._has_bytes else None, self._line, part=self._part)

    def units(self, blocks: Iterable[Block]) -> tuple[Unit, ...]:
        """Units of these blocks, which are in order and apart, with their places."""
        return tuple(
            Unit(kind, start, end, self.place(start), self.place(end))
            for start, end, kind, _ in blocks
        )
