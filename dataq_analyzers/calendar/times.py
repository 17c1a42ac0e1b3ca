"""When something is: dates and times of a calendar, in UTC and with the zone they were given in."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, tzinfo
from io import StringIO
from typing import NamedTuple
from zoneinfo import ZoneInfo

from dataq_analyzers.calendar.lines import Component, Property

_TIME = re.compile(r"(\d{4})(\d\d)(\d\d)(?:T(\d\d)(\d\d)(\d\d)(Z?))?")
_DURATION = re.compile(
    r"([+-]?)P(?:(\d{1,5})W)?(?:(\d{1,6})D)?(?:T(?:(\d{1,6})H)?(?:(\d{1,7})M)?(?:(\d{1,8})S)?)?"
)
_NAME = re.compile(r"[A-Za-z0-9_+/-]{1,80}")
# A rule by the minute makes a zone of which each look at it costs hours.
_RULE = re.compile(r"RRULE|EXRULE", re.I)
_SOUND_RULE = re.compile(
    r"RRULE:FREQ=YEARLY(?:;(?:BYMONTH|BYDAY|BYMONTHDAY|UNTIL|INTERVAL|WKST)=[^;]*)*", re.I
)
_MOST_LINES = 500
Zones = Mapping[str, tzinfo]


class When(NamedTuple):
    """A time in UTC; `zone` is the name of the one it was given in, None where there is none."""

    time: datetime
    zone: str | None = None
    is_day: bool = False


def zones_of(found: list[Component]) -> dict[str, tzinfo]:
    """The zones that a calendar brings with it and that nobody else knows: Outlook's, say."""
    zones: dict[str, tzinfo] = {}
    for component in found:
        name = component.text("TZID")
        if name and _known(name) is None and (zone := _told(name, component)) is not None:
            zones[name] = zone
    return zones


def when(prop: Property | None, zones: Zones) -> When | None:
    """The time that a property says, None where it says none."""
    match = _TIME.fullmatch(prop.value.strip()) if prop else None
    if prop is None or match is None:
        return None
    year, month, day, hour, minute, second = (int(each or 0) for each in match.groups()[:6])
    is_day = match.group(4) is None
    try:
        local = datetime(year, month, day, hour, minute, min(second, 59))  # noqa: DTZ001
        if is_day or match.group(7):
            return When(local.replace(tzinfo=UTC), None if is_day else "UTC", is_day)
        name = prop.parameters.get("TZID", "")
        zone = _known(name) or zones.get(name)
        if zone is None:
            return When(local.replace(tzinfo=UTC))
        return When(local.replace(tzinfo=zone).astimezone(UTC), name)
    except (ValueError, OverflowError, TypeError):
        return None


def duration(prop: Property | None) -> timedelta | None:
    """How long a DURATION is, None where it says nothing."""
    match = _DURATION.fullmatch(prop.value.strip()) if prop else None
    if match is None:
        return None
    weeks, days, hours, minutes, seconds = (int(each or 0) for each in match.groups()[1:])
    found = timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=seconds)
    return -found if match.group(1) == "-" else found


def _known(name: str) -> tzinfo | None:
    """The zone of that name in the database that everybody has, also as `/example.org/Olson/…`."""
    parts = [part for part in name.strip().split("/") if part]
    for kept in (parts, parts[-2:], parts[-3:]):
        key = "/".join(kept)
        if _NAME.fullmatch(key) and not name.startswith("."):
            try:
                return ZoneInfo(key)
            except (OSError, ValueError, KeyError):  # KeyError: ZoneInfoNotFoundError
                continue
    return None


def _told(name: str, component: Component) -> tzinfo | None:
    from dateutil.tz import tzical

    rules = (line for line in component.lines if _RULE.match(line))
    if len(component.lines) > _MOST_LINES or not all(map(_SOUND_RULE.fullmatch, rules)):
        return None
    text = "\r\n".join(component.lines)
    try:
        found = tzical(StringIO(f"BEGIN:VCALENDAR\r\n{text}\r\nEND:VCALENDAR")).get(name)
    except Exception:  # noqa: BLE001 - a damaged rule makes its reader raise nearly anything
        return None
    return found if isinstance(found, tzinfo) else None
