"""A mail as Gmail's API tells it: what the analyzer of mails says of the mail it stands for."""

from __future__ import annotations

from dataq_analyzers.decode import require_size
from dataq_analyzers.interface import Analysis, Content, Place, Unit
from dataq_analyzers.kinds.mail import MailAnalyzer
from dataq_analyzers.mail.gmail import MEDIA_TYPE, rebuilt


class GmailAnalyzer:
    """The header as a message; subject and texts, each with its part of the mail."""

    name = "gmail"
    version = "1"
    media_types = (MEDIA_TYPE,)

    def __init__(self) -> None:
        self._mail = MailAnalyzer()

    def tools(self) -> dict[str, str]:
        return self._mail.tools()

    def analyze(self, content: Content) -> Analysis:
        require_size(content.data)
        mail = Content(rebuilt(content.data), "message/rfc822", content.name)
        found = self._mail.analyze(mail)
        return found._replace(units=tuple(map(_of_part, found.units)))


def _of_part(unit: Unit) -> Unit:
    """The same unit without bytes and lines: those were of a mail that nobody has."""
    return unit._replace(start_place=_placed(unit.start_place), end_place=_placed(unit.end_place))


def _placed(place: Place) -> Place:
    return place._replace(byte=None, line=None)


ANALYZER = GmailAnalyzer()
