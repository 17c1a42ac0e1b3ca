"""A time as people and programs write it."""

from __future__ import annotations

from datetime import UTC, datetime

from dataq_lake.errors import FixTheCall


def moment(time: datetime | str) -> datetime:
    """`time` in UTC; text is ISO 8601, and what names no zone is UTC."""
    try:
        parsed = datetime.fromisoformat(time) if isinstance(time, str) else time
    except ValueError as error:
        raise FixTheCall(f"{time!r} is no time: write 2026-11-22 or 2026-11-22T10:00Z") from error
    return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)
