"""What a mail carries: attachments, enclosed mails, and pictures shown in its text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import BinaryIO

from dataq_analyzers.budget import Budget
from dataq_analyzers.container import Member
from dataq_analyzers.mail import mime
from dataq_analyzers.mail.attachments import is_shown, member_name
from dataq_analyzers.mail.message import date
from dataq_analyzers.mail.transfer import body_of

# Most mails carry nothing, and that must cost nothing: those are of type text, or say no type.
_MAY_CARRY = re.compile(rb"\ncontent-type[ \t]*+:\s*+[\"']?+(?!text/)", re.I)


class MailContainer:
    """The leaves of a mail that are not its body."""

    name = "mail"
    media_types = ("message/rfc822",)

    def members(self, file: BinaryIO, name: str, budget: Budget) -> Iterator[Member]:  # noqa: ARG002
        data = file.read()
        end = data.find(b"\n\n")
        if end < 0:
            end = data.find(b"\n\r\n")
        if not _MAY_CARRY.search(b"\n" + data[: end if end > 0 else len(data)]):
            return
        root = mime.parse(data)
        when = date(root.headers)
        for part in root.leaves():
            if is_shown(part) or (part.is_whole and part.family == "text"):
                continue
            inner = body_of(data, part)
            budget.spend(len(inner))
            yield Member(budget.path(member_name(part)), inner, part.media_type, when)


CONTAINER = MailContainer()
