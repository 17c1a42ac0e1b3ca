"""What a mail carries that Gmail's API tells."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from typing import BinaryIO

from dataq_analyzers.budget import Budget
from dataq_analyzers.container import Member
from dataq_analyzers.containers.mail import MailContainer
from dataq_analyzers.mail.gmail import MEDIA_TYPE, rebuilt


class GmailContainer:
    """The members of the mail that it stands for."""

    name = "gmail"
    media_types = (MEDIA_TYPE,)

    def members(self, file: BinaryIO, name: str, budget: Budget) -> Iterator[Member]:
        mail = BytesIO(rebuilt(file.read()))
        yield from MailContainer().members(mail, name, budget)


CONTAINER = GmailContainer()
