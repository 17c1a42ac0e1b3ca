"""RFC 5322 mail: who, when, about what, in answer to what, and the best body as paragraphs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from dataq_analyzers.decode import Locator, require_size
from dataq_analyzers.html.page import read_page
from dataq_analyzers.interface import Analysis, Content, Place, Unit
from dataq_analyzers.mail import mime
from dataq_analyzers.mail.attachments import is_shown
from dataq_analyzers.mail.leaf import leaf_text
from dataq_analyzers.mail.message import read_message
from dataq_analyzers.mail.mime import Part
from dataq_analyzers.mail.transfer import transfer_encoding
from dataq_analyzers.segments import Block, cut, pack, paragraphs
from dataq_analyzers.tools import version_of

# A plain text shorter than this may only say that the mail is in HTML.
_SAYS_LITTLE = 200


class _Body(NamedTuple):
    text: str
    units: tuple[Unit, ...]


_NOTHING = _Body("", ())


class MailAnalyzer:
    """The header as a message; the subject, and of each part the text that says most."""

    name = "mail"
    version = "1"
    media_types = ("message/rfc822",)

    def tools(self) -> dict[str, str]:
        return {"selectolax": version_of("selectolax")}

    def analyze(self, content: Content) -> Analysis:
        require_size(content.data)
        root = mime.parse(content.data)
        message = read_message(root.headers)
        bodies = list(_bodies(content.data, root))
        if message.subject:
            bodies.insert(0, _subject(message.subject))
        text, units = _join(bodies)
        return Analysis(text, units, message.subject, None, message)


def _subject(subject: str) -> _Body:
    place = Place(part="header", element="subject")
    pieces = cut(subject, Block(0, len(subject), "subject"))
    return _Body(subject, tuple(Unit(kind, a, b, place, place) for a, b, kind, _ in pieces))


def _join(bodies: list[_Body]) -> tuple[str, tuple[Unit, ...]]:
    start = 0
    units: list[Unit] = []
    for body in bodies:
        units += [
            Unit(kind, first + start, last + start, begin, end)
            for kind, first, last, begin, end in body.units
        ]
        start += len(body.text) + 2
    return "\n\n".join(body.text for body in bodies), tuple(units)


def _bodies(data: bytes, part: Part) -> Iterator[_Body]:
    """The texts that a reader of the mail sees, in order."""
    if not part.children:
        # The only part of a mail is shown even if it has a name.
        if (part.is_whole and part.family == "text") or is_shown(part):
            body = _leaf(data, part)
            if body.units:
                yield body
    elif part.media_type == "multipart/alternative":
        yield from _alternative(data, part)
    elif part.media_type == "multipart/related":
        yield from _bodies(data, part.children[0])
    else:
        for child in part.children:
            yield from _bodies(data, child)


def _alternative(data: bytes, part: Part) -> list[_Body]:
    """Plain text before the others, unless it says little and another says much more."""
    ordered = sorted(part.children, key=lambda child: child.media_type != "text/plain")
    best: list[_Body] = []
    for child in ordered:
        bodies = list(_bodies(data, child))
        if _length(bodies) > 4 * _length(best):
            best = bodies
        if _length(best) >= _SAYS_LITTLE:
            break
    return best


def _length(bodies: list[_Body]) -> int:
    return sum(len(body.text) for body in bodies)


def _leaf(data: bytes, part: Part) -> _Body:
    return _html(data, part) if part.media_type == "text/html" else _plain(data, part)


def _plain(data: bytes, part: Part) -> _Body:
    decoded = leaf_text(data, part)
    blocks = list(pack(decoded.text, paragraphs(decoded.text)))
    if not blocks:
        return _NOTHING
    if transfer_encoding(part):
        place = Place(part=part.number)
        units = tuple(Unit(kind, start, end, place, place) for start, end, kind, _ in blocks)
        return _Body(decoded.text, units)
    locator = Locator(decoded, part.start, data.count(b"\n", 0, part.start) + 1, part.number)
    return _Body(decoded.text, locator.units(blocks))


def _html(data: bytes, part: Part) -> _Body:
    page = read_page(leaf_text(data, part).text)
    number = part.number
    units = (
        unit._replace(
            start_place=unit.start_place._replace(part=number),
            end_place=unit.end_place._replace(part=number),
        )
        for unit in page.units
    )
    return _Body(page.text, tuple(units))


ANALYZER = MailAnalyzer()
