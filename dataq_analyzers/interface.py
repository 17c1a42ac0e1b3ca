"""What an analyzer takes and gives: bytes of a known type in, text with units of meaning out."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple, Protocol

# NamedTuples, not dataclasses: thousands of these cross from a worker process in every second,
# and a tuple is pickled in C.


class Content(NamedTuple):
    """The bytes to analyze; `name` is the last part of the path, "" where there is none."""

    data: bytes
    media_type: str
    name: str = ""


class Place(NamedTuple):
    """Where something is in the original; only what the kind of content has is filled.

    byte: offset from 0; line: from 1; part: a mail's part ("1.2"); element: a CSS path in a page,
    a JSON pointer in a document.
    """

    byte: int | None = None
    line: int | None = None
    page: int | None = None
    seconds: float | None = None
    part: str | None = None
    element: str | None = None


NOWHERE = Place()


class Unit(NamedTuple):
    """A unit of meaning: characters [start, end) of the text, and its place in the original."""

    kind: str
    start: int
    end: int
    start_place: Place = NOWHERE
    end_place: Place = NOWHERE


class Message(NamedTuple):
    """The header of a mail; ids without angle brackets, date in UTC."""

    message_id: str | None = None
    in_reply_to: str | None = None
    references: tuple[str, ...] = ()
    sender: str | None = None
    to: tuple[str, ...] = ()
    cc: tuple[str, ...] = ()
    date: datetime | None = None
    subject: str | None = None
    labels: tuple[str, ...] = ()

    def row(self) -> dict[str, Any]:
        """The same as the struct column `message` names it (`from` is no name in Python)."""
        return {
            "message_id": self.message_id,
            "in_reply_to": self.in_reply_to,
            "references": list(self.references),
            "from": self.sender,
            "to": list(self.to),
            "cc": list(self.cc),
            "date": self.date,
            "subject": self.subject,
            "labels": list(self.labels),
        }


class Finding(NamedTuple):
    """What was found, and in which part of a mail ("1.2"; "header": that of the mail itself)."""

    kind: str
    part: str


class Mail(NamedTuple):
    """What else a mail says; the fields are those of the struct column `mail`.

    Addresses are in their normal form, without names; sizes in bytes.
    """

    sender: str | None = None
    reply_to: tuple[str, ...] = ()
    from_name: str | None = None
    from_address: str | None = None
    to_addresses: tuple[str, ...] = ()
    cc_addresses: tuple[str, ...] = ()
    bcc_addresses: tuple[str, ...] = ()
    list_id: str | None = None
    importance: str | None = None
    auto_submitted: str | None = None
    size: int = 0
    attachments: int = 0
    attachment_bytes: int = 0
    protection: tuple[Finding, ...] = ()
    repairs: tuple[Finding, ...] = ()
    body_hash: str | None = None

    def row(self) -> dict[str, Any]:
        """The same as the struct column has it."""
        findings = {
            "protection": [each._asdict() for each in self.protection],
            "repairs": [each._asdict() for each in self.repairs],
        }
        return {**self._asdict(), **findings}


class Attendee(NamedTuple):
    """Somebody who is invited; `role` and `status` as the calendar has them, in small letters."""

    address: str
    name: str | None = None
    role: str | None = None
    status: str | None = None


class Event(NamedTuple):
    """An event of a calendar; times in UTC, `time_zone` is the one that they were given in.

    Times that no zone is known of are as they stand, and `time_zone` is None.
    """

    uid: str
    recurrence_id: str | None = None
    sequence: int = 0
    stamped_at: datetime | None = None
    method: str | None = None
    status: str | None = None
    summary: str | None = None
    location: str | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    time_zone: str | None = None
    all_day: bool = False
    recurrence: str | None = None
    organizer: str | None = None
    attendees: tuple[Attendee, ...] = ()

    def row(self) -> dict[str, Any]:
        """The same as the struct column `events` has it."""
        return {**self._asdict(), "attendees": [each._asdict() for each in self.attendees]}


class Analysis(NamedTuple):
    """The text of a content and its units: ordered, apart, not empty, within the text."""

    text: str
    units: tuple[Unit, ...]
    title: str | None = None
    language: str | None = None
    message: Message | None = None
    warnings: tuple[str, ...] = ()
    mail: Mail | None = None
    events: tuple[Event, ...] = ()


class Analyzer(Protocol):
    """One kind of content. Objects are cheap to make; libraries load at the first analyze."""

    @property
    def name(self) -> str: ...

    @property
    def version(self) -> str:
        """Raised whenever the same bytes would give another text or other units."""

    @property
    def media_types(self) -> tuple[str, ...]:
        """Exact types, or a family such as "text/*" that takes what nobody names exactly."""

    def tools(self) -> dict[str, str]:
        """The versions of the libraries that shape the result, by distribution name."""

    def analyze(self, content: Content) -> Analysis:
        """The analysis of `content`; raises SkipContent where it cannot be read as its type."""
