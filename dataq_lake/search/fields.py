"""Takes fields like from:ana or -in:drafts out of what a person typed, as filters.

They hold for the whole query, so only those count that stand outside parentheses and quotation
marks. A value that cannot be meant stays where it is, and so becomes plain words.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from dataq_lake.errors import FixTheCall
from dataq_lake.moment import moment
from dataq_lake.search.filters import Filters
from dataq_lake.search.members import WHOLE

_LONGEST = 2_000  # characters; more than this is text, not a query
_PIECE = re.compile(r'\s+|[+-]?(?:\w+:)?"[^"]*"|\S+')
_FIELD = re.compile(r'([+-]?)(from|type|in|tag|collection|after|before|id):(?:"([^"]+)"|([^\s"]+))')
_TYPE = re.compile(r"[\w.+*?-]+(/[\w.+*?-]+)?")
_SHORT = re.compile(r"\d{4}(-\d\d)?")
_JOINS = {"AND", "OR"}


@dataclass(frozen=True)
class Typed:
    """What was typed: `words` without the fields, and the filters that those mean."""

    words: str
    filters: Filters = Filters()


@dataclass
class _Reading:
    """The words so far, and the values of each field, in order."""

    words: list[str] = field(default_factory=list)
    kept: Filters = Filters()
    excluded: Filters = Filters()
    joined: bool = False
    """Whether a field came last, to which an AND or OR would belong."""


def take_fields(typed: str) -> Typed:
    """The words and the filters in `typed`; never an error."""
    typed = typed.encode("utf-8", "replace").decode()  # lone surrogates are in no text
    if len(typed) > _LONGEST or not _FIELD.search(typed):
        return Typed(typed)
    reading, depth = _Reading(), 0
    for piece in _PIECE.findall(typed):
        found = None if depth else _FIELD.fullmatch(piece)
        if found and (value := _value(found[2], found[3] or found[4])):
            _take(reading, found[1] == "-", found[2], value)
        elif not (reading.joined and piece in _JOINS and not "".join(reading.words).strip()):
            reading.words.append(piece)
            reading.joined = reading.joined and piece.isspace()
        if not piece.isspace() and '"' not in piece:
            depth = max(0, depth + piece.count("(") - piece.count(")"))
    filters = replace(reading.kept, excluded=reading.excluded or None)
    return Typed("".join(reading.words).strip(), filters)


def _take(reading: _Reading, minus: bool, name: str, value: str) -> None:
    """Adds a field, and drops the AND, OR or NOT that joined it to what was before."""
    before = "".join(reading.words).rstrip()
    head, _, last = before.rpartition(" ")
    if last in {*_JOINS, "NOT"}:
        minus = minus != (last == "NOT")
        reading.words = [head, " "]
        if last == "NOT" and head.rpartition(" ")[2] in _JOINS:
            reading.words = [head.rpartition(" ")[0], " "]
    if minus:
        reading.excluded = _with(reading.excluded, name, value)
    else:
        reading.kept = _with(reading.kept, name, value)
    reading.joined = True


def _with(filters: Filters, name: str, value: str) -> Filters:
    """`filters` with one more value of a field: either may hold, so times only widen."""
    match name:
        case "after":
            return replace(filters, after=min(filters.after or value, value, key=moment))
        case "before":
            return replace(filters, before=max(filters.before or value, value, key=moment))
        case "type":
            return replace(filters, types=(*filters.types, *_types(value)))
        case "in":
            return replace(filters, within=(*filters.within, value))
        case "from":
            return replace(filters, senders=(*filters.senders, value))
        case "tag":
            return replace(filters, tags=(*filters.tags, value))
        case "collection":
            return replace(filters, collections=(*filters.collections, value))
        case _:
            return replace(filters, ids=(*filters.ids, value))


def _types(value: str) -> tuple[str, ...]:
    """A content type as it is; a word alone stands for its first or its second half."""
    return (value,) if "/" in value else (f"{value}/*", f"*/{value}", f"*/x-{value}")


def _value(name: str, text: str) -> str | None:
    """The value of a field if it can be one."""
    return _READ[name](text.strip())


def _text(text: str) -> str | None:
    return text if text.strip("*?") and text.isprintable() else None


def _type(text: str) -> str | None:
    return text.lower() if _TYPE.fullmatch(text) else None


def _id(text: str) -> str | None:
    return text.lower() if WHOLE.fullmatch(text.lower()) else None


def _time(text: str) -> str | None:
    """The time in full; 2026 and 2026-05 begin with their first day."""
    if _SHORT.fullmatch(text):
        text += "-01-01"[: 10 - len(text)] if len(text) == 4 else "-01"
    try:
        return moment(text).isoformat()
    except (FixTheCall, OverflowError):
        return None


_READ: dict[str, Callable[[str], str | None]] = {
    "from": _text, "type": _type, "in": _text, "after": _time, "before": _time, "id": _id,
    "tag": _text, "collection": _text,
}  # fmt: skip
