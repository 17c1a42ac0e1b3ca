"""RFC 5322 mail: who, when, about what, in answer to what, and the best body as paragraphs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from dataq_analyzers.decode import Locator, require_size
from dataq_analyzers.html.page import read_page
from dataq_analyzers.interface import Analysis, Content, Place, Unit
from dataq_analyzers.mail import mime
from dataq_analyzers.mail.attachments import is_body
from dataq_analyzers.mail.facts import read_mail
from dataq_analyzers.mail.inline import content_id
from dataq_analyzers.mail.leaves import Leaves
from dataq_analyzers.mail.message import read_message
from dataq_analyzers.mail.mime import Part
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
    version = "2"
    media_types = ("message/rfc822",)

    def tools(self) -> dict[str, str]:
        return {"selectolax": version_of("selectolax")}

    def analyze(self, content: Content) -> Analysis:
        require_size(content.data)
        tree = mime.read(content.data)
        leaves = Leaves(tree)
        message = read_message(tree.root.headers)
        bodies = list(_bodies(leaves, tree.root))
        if message.subject:
            bodies.insert(0, _of_header("subject", message.subject))
        # A mail that says nothing is one all the same, for it has something to be found by.
        if not bodies and (known := (message.sender or message.message_id or "").strip()):
            bodies.append(_of_header("from", known))
        text, units = _join(bodies)
        return Analysis(text, units, message.subject, None, message, mail=read_mail(leaves))


def _of_header(field: str, text: str) -> _Body:
    place = Place(part="header", element=field)
    pieces = cut(text, Block(0, len(text), field))
    return _Body(text, tuple(Unit(kind, a, b, place, place) for a, b, kind, _ in pieces))


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


def _bodies(leaves: Leaves, part: Part) -> Iterator[_Body]:
    """The texts that a reader of the mail sees, in order."""
    if not part.children:
        if is_body(part):
            body = _leaf(leaves, part)
            if body.units:
                yield body
    elif part.media_type == "multipart/alternative":
        yield from _alternative(leaves, part)
    elif part.media_type == "multipart/related":
        yield from _bodies(leaves, _root_of(part))
    else:
        for child in part.children:
            yield from _bodies(leaves, child)


def _root_of(related: Part) -> Part:
    """The part that the others are shown in: the one that `start` names, else the first."""
    start = related.parameters.get("start", "").strip("<> ")
    named = (child for child in related.children if start and content_id(child) == start)
    return next(named, related.children[0])


def _alternative(leaves: Leaves, part: Part) -> list[_Body]:
    """Plain text before the others, unless it says little and another says much more."""
    ordered = sorted(part.children, key=lambda child: child.media_type != "text/plain")
    best: list[_Body] = []
    for child in ordered:
        bodies = list(_bodies(leaves, child))
        if _length(bodies) > 4 * _length(best):
            best = bodies
        if _length(best) >= _SAYS_LITTLE:
            break
    return best


def _length(bodies: list[_Body]) -> int:
    return sum(len(body.text) for body in bodies)


def _leaf(leaves: Leaves, part: Part) -> _Body:
    return _html(leaves, part) if part.media_type == "text/html" else _plain(leaves, part)


def _plain(leaves: Leaves, part: Part) -> _Body:
    decoded, _, in_place = leaves.text(part)
    blocks = list(pack(decoded.text, paragraphs(decoded.text)))
    if not blocks:
        return _NOTHING
    if not in_place:
        place = Place(part=part.number)
        units = tuple(Unit(kind, start, end, place, place) for start, end, kind, _ in blocks)
        return _Body(decoded.text, units)
    line = leaves.tree.data.count(b"\n", 0, part.start) + 1
    return _Body(decoded.text, Locator(decoded, part.start, line, part.number).units(blocks))


def _html(leaves: Leaves, part: Part) -> _Body:
    page = read_page(leaves.text(part).decoded.text)
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
