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
    if match is None or match["step"] in ("0", "00"):
        return False
    numbers = [_number(field, text) for text in (match["first"], match["last"]) if text]
    return all(number is not None for number in numbers) and numbers == sorted(numbers, key=int)


def _number(field: _Field, text: str) -> int | None:
    if text.lower() in field.names.split():
        return field.names.split().index(text.lower()) + (field.least if field.least else 0)
    number = int(text) if text.isdigit() else -1
    return number if field.least <= number <= field.most else None
