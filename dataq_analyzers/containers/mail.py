"""What a mail carries: attachments, enclosed mails, and pictures shown in its text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import BinaryIO

from dataq_analyzers.budget import Budget
from dataq_analyzers.container import Member
from dataq_analyzers.mail import mime
from dataq_analyzers.mail.attachments import disposition, member_name
from dataq_analyzers.mail.inline import Shown, content_id, role, shown_members
from dataq_analyzers.mail.leaves import Leaves
from dataq_analyzers.mail.message import date
from dataq_analyzers.mail.mime import Part
from dataq_analyzers.mail.transfer import body_of

# Most mails carry nothing, and that must cost nothing: those are of type text, or say no type.
_MAY_CARRY = re.compile(rb"[\r\n]content-type[ \t]*+:\s*+[\"']?+(?!text/)", re.I)


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
        leaves = Leaves(mime.read(data))
        when = date(leaves.tree.root.headers)
        shown = shown_members(leaves)
        for part in leaves.others:
            inner = body_of(data, part)
            budget.spend(len(inner))
            path = budget.path(member_name(part))
            yield Member(path, inner, part.media_type, when, context=_context(part, shown))


def _context(part: Part, shown: dict[str, Shown]) -> tuple[tuple[str, str], ...]:
    """What the mail says of a member, and where it shows it."""
    name = content_id(part)
    place = shown.get(name)
    told = {
        "part": part.number,
        "role": role(part, shown),
        "content_id": name,
        "disposition": disposition(part),
        "shown_in": place.part if place else "",
        "reference": str(place.number) if place else "",
    }
    return tuple((key, value) for key, value in told.items() if value)


CONTAINER = MailContainer()
