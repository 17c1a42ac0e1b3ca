"""What a mail carries: attachments, enclosed mails, and pictures shown in its text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from dataq_analyzers import mail
from dataq_analyzers.members import Budget, Member

_BODIES = ("text/plain", "text/html")


class MailContainer:
    """The leaves of a mail that are not its body."""

    name = "mail"
    media_types = ("message/rfc822",)

    def members(self, file: BinaryIO, name: str, budget: Budget) -> Iterator[Member]:  # noqa: ARG002
        data = file.read()
        # Most mails carry nothing: only a multipart one can, and it says so.
        if b"multipart/" not in data[:65_536].lower():
            return
        for part in mail.parts(mail.parse(data)):
            filename = mail.filename(part.message)
            if part.media_type in _BODIES and not filename and not mail.is_attachment(part.message):
                continue
            content = mail.body_bytes(part.message)
            budget.spend(len(content))
            path = budget.path(filename or f"part-{part.number}{mail.extension(part.media_type)}")
            yield Member(path, content, part.media_type, mail.date(part.message))


CONTAINER = MailContainer()
