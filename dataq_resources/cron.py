"""Says what is wrong with a cron or a time zone, without Dagster, so that every command can."""

from __future__ import annotations

import re
from typing import NamedTuple


class _Field(NamedTuple):
    name: str
    least: int
    most: int
    names: str = ""


_MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec"
_DAYS = "sun mon tue wed thu fri sat"
FIELDS = (
    _Field("minute", 0, 59),
    _Field("hour", 0, 23),
    _Field("day of the month", 1, 31),
    _Field("month", 1, 12, _MONTHS),
    _Field("day of the week", 0, 7, _DAYS),
)
_PART = re.compile(r"(?:\*|(?P<first>\w+)(?:-(?P<last>\w+))?)(?:/(?P<step>\d+))?", re.ASCII)


def checked_cron(cron: str) -> str:
    """`cron`, five fields apart by spaces; raises ValueError naming the field that is wrong."""
    parts = cron.split()
    if len(parts) != len(FIELDS):
        raise ValueError(
            f"{cron!r} has {len(parts)} fields: write minute, hour, day, month and weekday, "
            "'30 2 * * *'"
        )
    for field, text in zip(FIELDS, parts, strict=True):
        for part in text.split(","):
            if not _is_good(field, part):
                raise ValueError(f"{part!r} is no {field.name} ({field.least} to {field.most})")
    return " ".join(parts)


def checked_timezone(name: str) -> str:
    """`name` of a time zone, like Europe/Berlin; raises ValueError."""
    from zoneinfo import ZoneInfo

    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ValueError(f"no time zone {name!r}: write one like Europe/Berlin, or UTC") from None
    return name


def _is_good(field: _Field, part: str) -> bool:
    match = _PART.fullmatch(part)
    if match is None or (match["step"] is not None and int(match["step"]) == 0):
        return False
    if match["first"] is None:
        return True
    first = _number(field, match["first"])
    last = first if match["last"] is None else _number(field, match["last"])
    return first is not None and last is not None and first <= last


def _number(field: _Field, text: str) -> int | None:
    names = field.names.split()
    if text.lower() in names:
        return names.index(text.lower()) + field.least
    number = int(text) if text.isdigit() else -1
    return number if field.least <= number <= field.most else None
