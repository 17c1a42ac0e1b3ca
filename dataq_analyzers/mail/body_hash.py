"""What two copies of a mail have in common whatever way they went: the content of their parts."""

from __future__ import annotations

import re
from hashlib import sha256

from dataq_analyzers.mail.leaves import Leaves
from dataq_analyzers.mail.mime import Part
from dataq_analyzers.mail.transfer import transfer_encoding

_WHITE = b" \t\r\n"
_QUOTED_FROM = re.compile(rb"^>+(?=From )", re.M)
_LINE_END = re.compile(rb"[ \t\r]+$", re.M)


def body_hash(leaves: Leaves) -> str:
    """SHA-256 over the parts of a mail, as text where they are text.

    It is the same whatever the header says, and however lines end, lines that begin with From are
    quoted, and text is encoded for its transfer.
    """
    hasher = sha256()
    bodies = {part.first for part in leaves.bodies}
    for part in leaves.all:
        is_text = part.first in bodies
        content = _text(leaves, part) if is_text else compact(leaves.tree.data, part)
        hasher.update(f"{part.media_type} {len(content)}\n".encode("utf-8", "replace"))
        hasher.update(content)
    return hasher.hexdigest()


def compact(data: bytes, part: Part) -> bytes:
    """A part as it travels, without what the way may change in it."""
    body = data[part.start : part.end]
    return body.translate(None, _WHITE) if transfer_encoding(part) == "base64" else _lines(body)


def _text(leaves: Leaves, part: Part) -> bytes:
    return _lines(leaves.text(part).decoded.text.encode("utf-8", "replace"))


def _lines(body: bytes) -> bytes:
    body = body.replace(b"\r\n", b"\n")
    if any(white in body for white in (b" \n", b"\t\n", b"\r\n")):
        body = _LINE_END.sub(b"", body)
    if b">From " in body:
        body = _QUOTED_FROM.sub(b"", body)
    return body.strip(_WHITE)
