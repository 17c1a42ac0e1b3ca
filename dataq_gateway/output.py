"""How commands speak: JSON in UTC for programs, aligned columns in local time for people."""

from __future__ import annotations

import base64
import json
import math
import unicodedata
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import click


def plain(value: Any) -> Any:
    """`value` in JSON's own types: times in UTC, bytes as base64, the rest as null or text."""
    match value:
        case None | bool() | int() | str():
            return value
        case float():
            return value if math.isfinite(value) else None
        case Decimal():
            return int(value) if value == value.to_integral_value() else float(value)
        case datetime():
            return utc(value)
        case date() | time():
            return value.isoformat()
        case timedelta():
            return value.total_seconds()
        case bytes() | bytearray() | memoryview():
            return base64.b64encode(value).decode("ascii")
        case Mapping():
            return {str(key): plain(each) for key, each in value.items()}
        case list() | tuple() | set() | frozenset():
            return [plain(each) for each in value]
        case _:
            return str(value)


def utc(moment: datetime) -> str:
    """`moment` as ISO 8601 in UTC; one without a zone is taken as UTC."""
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return aware.astimezone(UTC).isoformat().replace("+00:00", "Z")


def local(moment: datetime | None) -> str:
    """`moment` as ISO 8601 to the second in this machine's zone, or a dash."""
    if moment is None:
        return "-"
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return aware.astimezone().isoformat(sep=" ", timespec="seconds")


def size(count: float | None) -> str:
    """A number of bytes for people, in powers of 1,000."""
    if count is None:
        return "-"
    for unit in ("B", "kB", "MB", "GB"):
        if abs(count) < 1000:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"


def dumps(value: Any, *, indent: int | None = 2) -> str:
    """`value` as JSON text, non-ASCII characters as they are."""
    return json.dumps(plain(value), ensure_ascii=False, indent=indent, allow_nan=False)


def echo_json(value: Any) -> None:
    """Print `value` as JSON."""
    click.echo(dumps(value))


def echo_json_rows(rows: Iterable[Mapping[str, Any]]) -> None:
    """Print a JSON array, one object a line, as the rows come."""
    lead = "["
    for row in rows:
        click.echo(f"{lead}{dumps(row, indent=None)}", nl=False)
        lead = ",\n "
    click.echo("[]" if lead == "[" else "]")


def columns(
    header: Sequence[str], rows: Iterable[Sequence[Any]], *, right: Collection[str] = ()
) -> str:
    """Rows as text in columns under `header`; the columns named in `right` align to the right."""
    lines = [list(header), *([one_line(each) for each in row] for row in rows)]
    widths = [max(width(line[index]) for line in lines) for index in range(len(header))]

    def aligned(line: list[str]) -> str:
        cells = []
        for name, cell, room in zip(header, line, widths, strict=True):
            gap = " " * (room - width(cell))
            cells.append(gap + cell if name in right else cell + gap)
        return "  ".join(cells).rstrip()

    return "\n".join(aligned(line) for line in lines)


def width(text: str) -> int:
    """How many places `text` takes in a terminal: two for wide characters, none for marks."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(each) else 2 if unicodedata.east_asian_width(each) in "WF" else 1
        for each in text
    )


def one_line(value: Any, limit: int = 100) -> str:
    """`value` as one line of printable text of at most `limit` characters."""
    if isinstance(value, datetime):
        return local(value)
    value = plain(value)
    text = "" if value is None else value if isinstance(value, str) else dumps(value, indent=None)
    text = "".join(each if each.isprintable() else " " for each in text)
    text = " ".join(text.split())
    return text if len(text) <= limit else f"{text[: limit - 1]}…"
