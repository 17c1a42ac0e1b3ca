"""What a mail carries: attachments, enclosed mails, and pictures shown in its text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import BinaryIO

from dataq_analyzers import mail, mime
from dataq_analyzers.members import Budget, Member

_BODIES = ("text/plain", "text/html")
# Most mails carry nothing, and that must cost nothing: those are of type text, or say no type.
_MAY_CARRY = re.compile(
    rb"^content-type[ \t]*:\s*[\"']?(?!text/)|^content-disposition[ \t]*:", re.I | re.M
)


class MailContainer:
    """The leaves of a mail that are not its body."""

    name = "mail"
    media_types = ("message/rfc822",)

    def members(self, file: BinaryIO, name: str, budget: Budget) -> Iterator[Member]:  # noqa: ARG002
        data = file.read()
        end = data.find(b"\n\n")
        if end < 0:
            end = data.find(b"\n\r\n")
        if not _MAY_CARRY.search(data, 0, end if end > 0 else len(data)):
            return
        root = mime.parse(data)
        when = mail.date(root.headers)
        for part in root.leaves():
            if _is_body(part):
                continue
            content = mime.content(data, part)
            budget.spend(len(content))
            yield Member(budget.path(mail.member_name(part)), content, part.media_type, when)


def _is_body(part: mime.Part) -> bool:
    """Whether a reader sees this part as text of the mail."""
    shown = part.media_type in _BODIES and not mail.is_attachment(part)
    return shown and mail.filename(part) is None


CONTAINER = MailContainer()
