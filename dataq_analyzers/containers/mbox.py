"""Mailboxes in one file (RFC 4155): a member a mail."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import BinaryIO

from dataq_analyzers.budget import Budget
from dataq_analyzers.container import Member
from dataq_analyzers.mail.fields import read_headers
from dataq_analyzers.mail.message import date

_SEPARATOR = re.compile(
    rb"(?:\A\s*|(?<=\n)\r?\n)From [^\r\n]{0,200}?\d[^\r\n]{0,200}\r?\n(?=[!-9;-~]{1,78}:)"
)
_QUOTED = re.compile(rb"^>(>*From )", re.M)


class MboxContainer:
    """The mails of a mailbox, without the line before each and its quoting."""

    name = "mbox"
    media_types = ("application/mbox",)

    def members(self, file: BinaryIO, name: str, budget: Budget) -> Iterator[Member]:  # noqa: ARG002
        data = file.read()
        starts = list(_SEPARATOR.finditer(data))
        for number, match in enumerate(starts):
            following = starts[number + 1].start() if number + 1 < len(starts) else len(data)
            message = _QUOTED.sub(rb"\1", data[match.end() : following])
            budget.spend(len(message))
            headers, _ = read_headers(message, 0, min(len(message), 65_536))
            path = budget.path(f"message-{number + 1}.eml")
            yield Member(path, message, "message/rfc822", date(headers))


CONTAINER = MboxContainer()
