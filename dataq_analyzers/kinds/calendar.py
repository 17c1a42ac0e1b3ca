"""Calendars and invitations: each event as words, and as what programs ask of it."""

from __future__ import annotations

from dataq_analyzers.calendar.events import Found, read_events
from dataq_analyzers.decode import decode
from dataq_analyzers.errors import SkipContent
from dataq_analyzers.interface import Analysis, Content, Event, Place, Unit
from dataq_analyzers.segments import Block, cut

_MOST_BYTES = 16 << 20
_SHOWN = 20


class CalendarAnalyzer:
    """A unit is an event; its place is the line at which it begins."""

    name = "calendar"
    version = "1"
    media_types = ("text/calendar",)

    def tools(self) -> dict[str, str]:
        return {}

    def analyze(self, content: Content) -> Analysis:
        if len(content.data) > _MOST_BYTES:
            raise SkipContent(f"too large a calendar: the limit is {_MOST_BYTES} bytes")
        found = read_events(decode(content.data).text)
        pieces: list[str] = []
        units: list[Unit] = []
        start = 0
        for each in found:
            text = words(each)
            place = Place(line=each.line)
            block = Block(0, len(text), "event")
            units += [
                Unit(kind, first + start, last + start, place, place)
                for first, last, kind, _ in cut(text, block)
            ]
            pieces.append(text)
            start += len(text) + 2
        title = found[0].event.summary if found else None
        events = tuple(each.event for each in found)
        return Analysis("\n\n".join(pieces), tuple(units), title, events=events)


def words(found: Found) -> str:
    """An event as somebody would tell of it."""
    event = found.event
    cancelled = "cancelled" in (event.status, event.method) or event.method == "cancel"
    people = [each.name or each.address for each in event.attendees[:_SHOWN]]
    more = len(event.attendees) - len(people)
    told = [
        event.summary or event.uid,
        "Cancelled" if cancelled else "",
        _when(event),
        event.location or "",
        f"Organizer: {event.organizer}" if event.organizer else "",
        f"Attendees: {', '.join(people)}{f' and {more} more' if more else ''}" if people else "",
        found.description,
    ]
    return "\n".join(line.strip() for line in told if line and line.strip())


def _when(event: Event) -> str:
    """The days or times in words; times as they were given are not known, so they are in UTC."""
    if event.starts_at is None:
        return ""
    form = "%Y-%m-%d" if event.all_day else "%Y-%m-%d %H:%M"
    zone = "" if event.all_day else f" UTC ({event.time_zone})" if event.time_zone else ""
    end = event.ends_at if event.ends_at and not event.all_day else None
    until = f" to {end.strftime(form)}" if end and end != event.starts_at else ""
    rule = f", {event.recurrence}" if event.recurrence else ""
    return f"{event.starts_at.strftime(form)}{until}{zone}{rule}"


ANALYZER = CalendarAnalyzer()
