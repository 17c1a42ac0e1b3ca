"""A mail as Gmail takes it apart: the tree of its parts, with headers, and what is in them."""

from __future__ import annotations

import html
import re
from base64 import urlsafe_b64encode
from binascii import Error as NotBase64
from dataclasses import dataclass, field
from email.errors import HeaderParseError
from email.generator import BytesGenerator
from email.header import decode_header
from email.message import Message
from email.parser import BytesParser
from email.policy import compat32
from io import BytesIO
from typing import Any

SNIPPET = 200
TAGS = re.compile(r"(?is)<(script|style|head)\b.*?</\1>|<!--.*?-->|<[^>]*>")


@dataclass
class Tree:
    """`payload` as in the format full; `attachments` are the bytes to which its ids point.

    An id is `marker` followed by the attachment's number, until the server makes one of it.
    """

    payload: dict[str, Any]
    snippet: str
    attachments: list[bytes] = field(default_factory=list)
    text: str = ""

    def head(self) -> dict[str, Any]:
        """The payload of the format metadata."""
        return {"mimeType": self.payload["mimeType"], "headers": self.payload["headers"]}


def base64url(content: bytes) -> str:
    """With padding, as Gmail writes it."""
    return urlsafe_b64encode(content).decode()


def take_apart(raw: bytes, marker: str) -> Tree:
    """Any bytes are a mail: what is malformed is what Python's parser makes of it."""
    message = BytesParser(policy=compat32).parsebytes(raw)
    tree = Tree({}, "")
    texts: list[tuple[str, str]] = []
    tree.payload = _part(message, "", marker, tree.attachments, texts)
    tree.snippet = _snippet(texts)
    tree.text = "\n".join(text for _, text in texts)
    return tree


def header(value: Any) -> str:
    """A header's value in one line, its encoded words decoded."""
    text = re.sub(r"\r?\n[ \t]*|\r", " ", _readable(str(value))).strip()
    if "=?" not in text:
        return text
    try:
        pieces = decode_header(text)
    except (HeaderParseError, NotBase64, ValueError):
        return text
    return "".join(
        _decoded(piece, charset or "utf-8") if isinstance(piece, bytes) else piece
        for piece, charset in pieces
    )


def _readable(text: str) -> str:
    """Bytes over 127 that were let through are read as UTF-8, else as Latin-1."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return _decoded(text.encode("utf-8", "surrogateescape"), "utf-8")
    return text


def _decoded(content: bytes, charset: str) -> str:
    for each in (charset, "utf-8"):
        try:
            # Some of Python's charsets give halves of surrogate pairs, which Google's JSON has not.
            return content.decode(each).encode("utf-8", "replace").decode()
        except (UnicodeDecodeError, LookupError, ValueError):
            continue
    return content.decode("latin-1")


def _part(
    message: Message,
    place: str,
    marker: str,
    attachments: list[bytes],
    texts: list[tuple[str, str]],
) -> dict[str, Any]:
    kind = message.get_content_type()
    part: dict[str, Any] = {
        "partId": place,
        "mimeType": kind,
        "filename": _filename(message),
        "headers": [{"name": n, "value": header(v)} for n, v in message.raw_items()],
    }
    if message.is_multipart():
        inner = message.get_payload()
        assert isinstance(inner, list)
        part["body"] = {"size": 0}
        if kind == "message/rfc822":
            part["body"] = _attached(_bytes(inner[0]), marker, attachments)
            texts = []  # the words of a mail inside are not this one's
        part["parts"] = [
            _part(each, f"{place}.{number}".lstrip("."), marker, attachments, texts)
            for number, each in enumerate(inner)
        ]
        return part
    content = message.get_payload(decode=True)
    assert isinstance(content, bytes)
    if part["filename"] or message.get_content_maintype() != "text":
        part["body"] = _attached(content, marker, attachments)
        return part
    text = _decoded(content, message.get_content_charset() or "utf-8")
    texts.append((kind, text))
    content = text.encode("utf-8", "replace")
    part["body"] = {"size": len(content), "data": base64url(content)}
    return part


def _filename(message: Message) -> str:
    try:
        return header(message.get_filename() or "")
    except (ValueError, TypeError, LookupError):  # RFC 2231 gone wrong
        return "noname"


def _attached(content: bytes, marker: str, attachments: list[bytes]) -> dict[str, Any]:
    if not content:
        return {"size": 0}
    attachments.append(content)
    return {"attachmentId": f"{marker}{len(attachments) - 1}", "size": len(content)}


def _bytes(message: Message) -> bytes:
    out = BytesIO()
    BytesGenerator(out, mangle_from_=False, maxheaderlen=0).flatten(message)
    return out.getvalue()


def _snippet(texts: list[tuple[str, str]]) -> str:
    """The first words, with the characters of HTML escaped, as Gmail does."""
    plain = next((text for kind, text in texts if kind == "text/plain"), None)
    if plain is None:
        plain = html.unescape(TAGS.sub(" ", texts[0][1])) if texts else ""
    return html.escape(" ".join(plain[: 20 * SNIPPET].split())[:SNIPPET].strip())
