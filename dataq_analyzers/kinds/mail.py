"""RFC 5322 mail: who, when, about what, in answer to what, and the best body as paragraphs."""

from __future__ import annotations

import re
from email.message import Message as RawMessage
from typing import NamedTuple

from dataq_analyzers import mail
from dataq_analyzers.errors import SkipContent
from dataq_analyzers.decode import MAX_BYTES
from dataq_analyzers.interface import Analysis, Content, Message, Place, Unit
from dataq_analyzers.page import read_page
from dataq_analyzers.segments import pack, paragraphs
from dataq_analyzers.tools import version_of

_LABELS = ("X-Gmail-Labels", "X-Keywords", "Keywords")


class _Body(NamedTuple):
    text: str
    units: tuple[Unit, ...]


class MailAnalyzer:
    """The header as a message; the text/plain part, or the HTML part as text."""

    name = "mail"
    version = "1"
    media_types = ("message/rfc822",)

    def tools(self) -> dict[str, str]:
        return {"selectolax": version_of("selectolax")}

    def analyze(self, content: Content) -> Analysis:
        if len(content.data) > MAX_BYTES:
            raise SkipContent(
                f"too large to analyze: {len(content.data)} bytes of mail, the limit is {MAX_BYTES}"
            )
        raw = mail.parse(content.data)
        message = read_message(raw)
        subject = message.subject or ""
        body = _best_body(raw)
        start = len(subject) + 2 if subject else 0
        units = [_moved(unit, start) for unit in body.units]
        if subject:
            units.insert(0, Unit("subject", 0, len(subject), Place(part="header")))
        text = f"{subject}\n\n{body.text}" if subject else body.text
        return Analysis(text, tuple(units), message.subject, None, message)


def read_message(raw: RawMessage) -> Message:
    """The header fields that tie a mail to people, time and other mails."""
    ids = mail.message_ids(raw, "message-id")
    answered = mail.message_ids(raw, "in-reply-to")
    senders = mail.addresses(raw, "from") or mail.addresses(raw, "sender")
    labels = (mail.header(raw, name) or "" for name in _LABELS)
    return Message(
        message_id=ids[0] if ids else mail.header(raw, "message-id"),
        in_reply_to=answered[0] if answered else None,
        references=mail.message_ids(raw, "references"),
        sender=senders[0] if senders else None,
        to=mail.addresses(raw, "to"),
        cc=mail.addresses(raw, "cc"),
        date=mail.date(raw),
        subject=mail.header(raw, "subject"),
        labels=tuple(
            label.strip() for value in labels for label in value.split(",") if label.strip()
        ),
    )


def _best_body(raw: RawMessage) -> _Body:
    """The first plain text that says something, else the first HTML that does."""
    leaves = [part for part in mail.parts(raw) if not mail.is_attachment(part.message)]
    for part in leaves:
        if part.media_type == "text/plain" or part.message.get_content_maintype() == "text" and part.media_type != "text/html":
            body = _plain_body(part)
            if body.units:
                return body
    for part in leaves:
        if part.media_type == "text/html":
            body = _html_body(part)
            if body.units:
                return body
    return _Body("", ())


def _plain_body(part: mail.Part) -> _Body:
    text = mail.body_text(part.message).strip()
    place = Place(part=part.number)
    units = (Unit(b.kind, b.start, b.end, place, place) for b in pack(text, paragraphs(text)))
    return _Body(text, tuple(units))


def _html_body(part: mail.Part) -> _Body:
    page = read_page(mail.body_text(part.message))
    units = (
        unit._replace(
            start_place=unit.start_place._replace(part=part.number),
            end_place=unit.end_place._replace(part=part.number),
        )
        for unit in page.units
    )
    return _Body(page.text, tuple(units))


def _moved(unit: Unit, by: int) -> Unit:
    return unit._replace(start=unit.start + by, end=unit.end + by)


ANALYZER = MailAnalyzer()
