"""JSON and JSON Lines: neighbouring values together, each unit with its JSON pointer (RFC 6901)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import NamedTuple

from dataq_analyzers.decode import Decoded, Locator, decode
from dataq_analyzers.interface import Analysis, Content, Unit
from dataq_analyzers.segments import LIMIT, TARGET, Block, cut, pack, paragraphs

_DEEPEST = 40
_SPACE = re.compile(r"[ \t\r\n]*")
_COMMA = re.compile(r"[ \t\r\n]*(,?)[ \t\r\n]*")
_COLON = re.compile(r"[ \t\r\n]*:[ \t\r\n]*")
_LINES = "application/x-ndjson"
_TITLES = ("title", "name")
# Numbers stay text: they are only measured, and an enormous one would be refused.
_scanstring = json.decoder.scanstring  # type: ignore[attr-defined]
_DECODER = json.JSONDecoder(parse_int=str, parse_float=str, parse_constant=str, strict=False)


class _Piece(NamedTuple):
    """Characters [start, end), from the value at pointer `first` to that at `last`."""

    start: int
    end: int
    first: str
    last: str


class JsonAnalyzer:
    """Values that fit a unit stay whole; larger ones are opened."""

    name = "json"
    version = "1"
    media_types = ("application/json", "*+json", _LINES)

    def tools(self) -> dict[str, str]:
        return {}

    def analyze(self, content: Content) -> Analysis:
        decoded = decode(content.data)
        text = decoded.text
        try:
            pieces = list(_lines(text) if content.media_type == _LINES else _document(text))
        except (ValueError, RecursionError) as error:
            units = Locator(decoded).units(pack(text, paragraphs(text)))
            return Analysis(text, units, warnings=(f"not read as JSON: {error}",))
        return Analysis(text, _units(decoded, pieces), _title(text, pieces))


def _units(decoded: Decoded, pieces: list[_Piece]) -> tuple[Unit, ...]:
    locator = Locator(decoded)
    units = []
    for piece in pieces:
        for start, end, *_ in cut(decoded.text, Block(piece.start, piece.end)):
            begin = locator.place(start)._replace(element=piece.first)
            units.append(
                Unit("value", start, end, begin, locator.place(end)._replace(element=piece.last))
            )
    return tuple(units)


def _document(text: str) -> Iterator[_Piece]:
    start = _skip(text, 0)
    if start == len(text):
        return
    _, end = _DECODER.raw_decode(text, start)
    if _skip(text, end) != len(text):
        raise ValueError(f"more after the end of the document, at character {end}")
    yield from _opened(text, _Piece(start, end, "", ""), 0)


def _lines(text: str) -> Iterator[_Piece]:
    rows: list[_Piece] = []
    at = _skip(text, 0)
    while at < len(text):
        _, end = _DECODER.raw_decode(text, at)
        pointer = f"/{len(rows)}"
        rows.append(_Piece(at, end, pointer, pointer))
        at = _skip(text, end)
    yield from _packed(text, rows, 0)


def _opened(text: str, piece: _Piece, depth: int) -> Iterator[_Piece]:
    """The piece as it is where it fits, else what is in it."""
    small = piece.end - piece.start <= LIMIT
    if small or depth >= _DEEPEST or text[piece.end - 1] not in "]}":
        yield piece
    else:
        yield from _packed(text, list(_children(text, piece)), depth + 1)


def _packed(text: str, children: list[_Piece], depth: int) -> Iterator[_Piece]:
    """Neighbours that fit together, as one piece."""
    held: _Piece | None = None
    for child in children:
        if held is not None and child.end - held.start <= TARGET:
            held = _Piece(held.start, child.end, held.first, child.last)
            continue
        if held is not None:
            yield from _opened(text, held, depth)
        held = child
    if held is not None:
        yield from _opened(text, held, depth)


def _children(text: str, piece: _Piece) -> Iterator[_Piece]:
    """The members of an object, with their keys, or the items of an array."""
    # A member's piece begins with its key.
    at = piece.start
    if text[at] == '"':
        _, at = _scanstring(text, at + 1, False)
        at = _after(_COLON, text, at)
    keyed = text[at] == "{"
    at = _skip(text, at + 1)
    number = 0
    while text[at] not in "]}":
        start = at
        key = str(number)
        if keyed:
            key, at = _scanstring(text, at + 1, False)
            at = _after(_COLON, text, at)
        _, end = _DECODER.raw_decode(text, at)
        pointer = f"{piece.first}/{key[:200].replace('~', '~0').replace('/', '~1')}"
        yield _Piece(start, end, pointer, pointer)
        at = _after(_COMMA, text, end)
        number += 1


def _skip(text: str, at: int) -> int:
    return _after(_SPACE, text, at)


def _after(pattern: re.Pattern[str], text: str, at: int) -> int:
    match = pattern.match(text, at)
    if match is None:
        raise ValueError(f"character {at} is not expected")
    return match.end()


def _title(text: str, pieces: list[_Piece]) -> str | None:
    """The title or name that a document gives itself at its top."""
    for key in _TITLES:
        match = re.search(rf'"{key}"\s*:\s*"([^"\\]{{1,120}})"', text[:2_000])
        if match and text.lstrip().startswith("{") and pieces:
            return match.group(1)
    return None


ANALYZER = JsonAnalyzer()
