"""Calendars: events with their times in UTC, who is invited, and bounds for hostile ones."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataq_analyzers.analysis import analyze
from dataq_analyzers.interface import Analysis, Attendee, Content, Event
from tests.analyzers.contract import check

INVITATION = r"""BEGIN:VCALENDAR
METHOD:REQUEST
BEGIN:VTIMEZONE
TZID:W. Europe Standard Time
BEGIN:STANDARD
DTSTART:16010101T030000
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=10
END:STANDARD
BEGIN:DAYLIGHT
DTSTART:16010101T020000
TZOFFSETFROM:+0100
TZOFFSETTO:+0200
RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=3
END:DAYLIGHT
END:VTIMEZONE
BEGIN:VEVENT
UID:040000008200E00074C5
SEQUENCE:2
DTSTAMP:20240520T080000Z
SUMMARY:Count the herons\, again
DTSTART;TZID=W. Europe Standard Time:20240603T100000
DTEND;TZID=W. Europe Standard Time:20240603T113000
RRULE:FREQ=WEEKLY;COUNT=3
LOCATION:The reeds\; north
STATUS:CONFIRMED
ORGANIZER;CN="Ann: M.":mailto:ann@Example.ORG
ATTENDEE;CN=Bob;ROLE=REQ-PARTICIPANT;PARTSTAT=ACCEPTED:MAILTO:bob@example.org
ATTENDEE:mailto:eve@example.org
DESCRIPTION:Bring a glass.\nIt may ra
 in.
BEGIN:VALARM
SUMMARY:not this
END:VALARM
END:VEVENT
END:VCALENDAR
"""


def read(source: str) -> Analysis:
    analysis = analyze(Content(source.encode("utf-8", "surrogatepass"), "text/calendar"))
    check(analysis)
    return analysis


def event(*lines: str) -> Event:
    source = "\r\n".join(["BEGIN:VCALENDAR", "BEGIN:VEVENT", *lines, "END:VEVENT", "END:VCALENDAR"])
    (found,) = read(source).events
    return found


def test_an_invitation() -> None:
    analysis = read(INVITATION)
    assert analysis.events == (
        Event(
            uid="040000008200E00074C5",
            sequence=2,
            stamped_at=datetime(2024, 5, 20, 8, tzinfo=UTC),
            method="request",
            status="confirmed",
            summary="Count the herons, again",
            location="The reeds; north",
            starts_at=datetime(2024, 6, 3, 8, tzinfo=UTC),
            ends_at=datetime(2024, 6, 3, 9, 30, tzinfo=UTC),
            time_zone="W. Europe Standard Time",
            recurrence="FREQ=WEEKLY;COUNT=3",
            organizer="ann@example.org",
            attendees=(
                Attendee("bob@example.org", "Bob", "req-participant", "accepted"),
                Attendee("eve@example.org"),
            ),
        ),
    )
    assert analysis.title == "Count the herons, again"
    assert "Bring a glass.\nIt may rain." in analysis.text
    assert [(unit.kind, unit.start_place.line) for unit in analysis.units] == [("event", 18)]


@pytest.mark.parametrize(
    ("lines", "starts", "ends", "zone"),
    [
        (["DTSTART;TZID=Europe/Berlin:20240103T100000"], "2024-01-03T09", None, "Europe/Berlin"),
        (["DTSTART;TZID=/x.y/Asia/Tokyo:20240103T100000"], "2024-01-03T01", None, "Tokyo"),
        (["DTSTART:20240103T100000Z", "DURATION:PT1H30M"], "2024-01-03T10", "2024-01-03T11", "UTC"),
        (["DTSTART:20240103T100000"], "2024-01-03T10", None, None),
        (["DTSTART;TZID=../../etc/passwd:20240103T100000"], "2024-01-03T10", None, None),
        (["DTSTART;VALUE=DATE:20240103"], "2024-01-03T00", "2024-01-04T00", None),
        (["DTSTART:20240103T100000Z", "DTEND:20240102T100000Z"], "2024-01-03T10", "", "UTC"),
        (["DTSTART:20240103T100060Z"], "2024-01-03T10:00:59", None, "UTC"),
    ],
)  # fmt: skip
def test_times(lines: list[str], starts: str, ends: str | None, zone: str | None) -> None:
    found = event("UID:1", *lines)
    assert found.starts_at is not None
    assert found.starts_at.isoformat().startswith(starts)
    if ends is None:
        assert found.ends_at == found.starts_at
    else:
        assert (found.ends_at.isoformat() if found.ends_at else "").startswith(ends)
        assert bool(found.ends_at) == bool(ends)
    assert (found.time_zone or "").endswith(zone or "") and bool(found.time_zone) == bool(zone)


@pytest.mark.parametrize(
    "broken",
    ["DTSTART:99999999", "DTSTART:today", "DTSTART;TZID=x", "DTSTART;:20240101", ""],
)
def test_times_that_mean_nothing(broken: str) -> None:
    found = event("SUMMARY:s", broken, "SEQUENCE:x")
    assert (found.starts_at, found.ends_at, found.sequence) == (None, None, 0)
    assert found.uid == "line-2"


@pytest.mark.parametrize(
    "rule", ["FREQ=SECONDLY", "FREQ=YEARLY;BYSECOND=1,2,3", "FREQ=YEARLY;BYHOUR=1", "BYDAY=1SU"]
)
def test_a_zone_that_would_take_hours_is_not_read(rule: str) -> None:
    hostile = INVITATION.replace("FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=10", rule)
    (found,) = read(hostile).events
    assert (found.time_zone, found.starts_at) == (None, datetime(2024, 6, 3, 10, tzinfo=UTC))


def test_a_cancelled_event_says_so() -> None:
    assert "Cancelled" in read(INVITATION.replace("REQUEST", "CANCEL")).text


@pytest.mark.parametrize(
    "hostile",
    [
        "BEGIN:VEVENT\n" * 100_000,
        "BEGIN:VCALENDAR\nBEGIN:VEVENT\n" + "ATTENDEE:mailto:a@b.c\n" * 50_000,
        "BEGIN:VCALENDAR\n" + "BEGIN:VEVENT\nSUMMARY:a\nEND:VEVENT\n" * 20_000,
        "BEGIN:VEVENT\nSUMMARY" + ";A=b" * 100_000 + ";\n",
        "BEGIN:VEVENT\nSUMMARY:" + "a\n " * 100_000,
        "BEGIN:VEVENT\nDURATION:PT99999999S\nDTSTART:99991231T000000Z\n",
    ],
    ids=["deep", "attendees", "events", "parameters", "folds", "overflow"],
)
def test_hostile_calendars_are_bounded(hostile: str) -> None:
    analysis = read(hostile)
    assert len(analysis.events) <= 10_000
    assert all(len(each.attendees) <= 1_000 for each in analysis.events)


PIECES = [
    *INVITATION.splitlines(),
    "END:X",
    "BEGIN:VEVENT",
    " fold",
    "RRULE:FREQ=YEARLY",
    "SUMMARY",
]


@given(st.lists(st.sampled_from(PIECES), max_size=40), st.sampled_from(["\n", "\r\n", "\r"]))
def test_whatever_is_left_of_a_calendar_is_read(lines: list[str], end: str) -> None:
    for found in read(end.join(["BEGIN:VCALENDAR", *lines])).events:
        assert found.uid
        assert found.ends_at is None or (found.starts_at and found.ends_at >= found.starts_at)
