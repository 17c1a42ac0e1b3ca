"""Which members of a mail its text shows in their place, by their Content-ID (RFC 2392)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import unquote

from dataq_analyzers.mail.attachments import disposition
from dataq_analyzers.mail.leaves import Leaves
from dataq_analyzers.mail.mime import Part
from dataq_analyzers.mail.protection import is_signature

_REFERENCE = re.compile(r"\bcid:([^\s\"'<>()]{1,900})", re.I)
MOST = 1_000


class Shown(NamedTuple):
    """Where a page refers to a member: the page's part, and which of its references it is."""

    part: str
    number: int


def shown_members(leaves: Leaves) -> dict[str, Shown]:
    """By Content-ID, where it is first referred to."""
    found: dict[str, Shown] = {}
    for part in leaves.bodies:
        if part.media_type == "text/html":
            for number, name in enumerate(_references(leaves.text(part).decoded.text), 1):
                found.setdefault(name, Shown(part.number, number))
    return found


def _references(page: str) -> Iterator[str]:
    if "cid:" in page or "CID:" in page:
        for count, match in enumerate(_REFERENCE.finditer(page)):
            if count >= MOST:
                return
            yield unquote(match.group(1).replace("&amp;", "&"))


def content_id(part: Part) -> str:
    """The Content-ID without its brackets, "" where there is none."""
    raw = part.headers.first(b"content-id")
    return raw.decode("utf-8", "replace").strip().strip("<>").strip() if raw else ""


def role(part: Part, shown: dict[str, Shown]) -> str:
    """What a member is to its mail: inline, signature or attachment."""
    if is_signature(part):
        return "signature"
    if content_id(part) in shown:
        return "inline"
    pictured = part.family == "image" and disposition(part) == "inline"
    return "inline" if pictured else "attachment"
