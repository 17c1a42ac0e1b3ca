"""The events of a calendar: what it is about, when, where, and who is invited."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from dataq_analyzers.calendar.lines import Component, Property, components
from dataq_analyzers.calendar.times import When, Zones, duration, when, zones_of
from dataq_analyzers.interface import Attendee, Event
from dataq_analyzers.mail.people import normal_address

MOST_EVENTS = 10_000
MOST_ATTENDEES = 1_000
_LONGEST = 10_000


class Found(NamedTuple):
    """An event, what else it says in words, and the line of the calendar at which it begins."""

    event: Event
    description: str
    line: int


def read_events(text: str) -> list[Found]:
    """The events in order, MOST_EVENTS at most; one without UID is called by its line."""
    events: list[Component] = []
    zones: list[Component] = []
    method = None
    for component in components(text):
        if component.name == "VEVENT" and len(events) < MOST_EVENTS:
            events.append(component)
        elif component.name == "VTIMEZONE" and len(zones) < MOST_ATTENDEES:
            zones.append(component)
        elif component.name == "VCALENDAR":
            method = method or component.text("METHOD")
    known = zones_of(zones)
    return [_found(each, known, method.lower() if method else None) for each in events]


def _found(component: Component, zones: Zones, method: str | None) -> Found:
    start = when(component.first("DTSTART"), zones)
    changed = when(component.first("RECURRENCE-ID"), zones)
    stamp = when(component.first("DTSTAMP"), zones)
    organizer = component.first("ORGANIZER")
    attendees = [each for each in component.properties if each.name == "ATTENDEE"]
    rule = component.first("RRULE")
    event = Event(
        uid=_cut(component.text("UID")) or f"line-{component.line}",
        recurrence_id=changed.time.isoformat() if changed else None,
        sequence=_number(component.text("SEQUENCE")),
        stamped_at=stamp.time if stamp else None,
        method=_word(method),
        status=_word(component.text("STATUS")),
        summary=_cut(component.text("SUMMARY")),
        location=_cut(component.text("LOCATION")),
        starts_at=start.time if start else None,
        ends_at=_end(component, zones, start),
        time_zone=start.zone if start else None,
        all_day=start is not None and start.is_day,
        recurrence=_cut(rule.value) if rule else None,
        organizer=_address(organizer) if organizer else None,
        attendees=tuple(_attendee(each) for each in attendees[:MOST_ATTENDEES]),
    )
    return Found(event, (component.text("DESCRIPTION") or "")[: 10 * _LONGEST], component.line)


def _end(component: Component, zones: Zones, start: When | None) -> datetime | None:
    """As it says, after its duration, or as the standard has it where it says neither."""
    if start is None:
        return None
    told = when(component.first("DTEND"), zones)
    length = duration(component.first("DURATION"))
    default = timedelta(days=1) if start.is_day else timedelta()
    try:
        end = told.time if told else start.time + (default if length is None else length)
    except OverflowError:
        return None
    return end if end >= start.time else None


def _attendee(prop: Property) -> Attendee:
    told = prop.parameters
    name = told.get("CN", "").strip()
    role, status = _word(told.get("ROLE")), _word(told.get("PARTSTAT"))
    return Attendee(_address(prop), _cut(name) or None, role, status)


def _address(prop: Property) -> str:
    value = prop.value.strip()
    bare = value[7:] if value[:7].lower() == "mailto:" else value
    return normal_address(bare[:_LONGEST]) if "@" in bare else bare[:_LONGEST]


def _cut(text: str | None) -> str | None:
    return text[:_LONGEST] if text else None


def _word(text: str | None) -> str | None:
    return text.strip().lower()[:100] or None if text else None


def _number(text: str | None) -> int:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 18 else 0
