"""A mail as Gmail's API takes it apart, put together again for those who read mails.

https://developers.google.com/workspace/gmail/api/reference/rest/v1/users.messages
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterator
from hashlib import blake2b
from html import unescape
from typing import Any

from dataq_analyzers.errors import SkipContent

MEDIA_TYPE = "application/vnd.google.gmail.message+json"
_DEEPEST = 100
_NAME = re.compile(r"[!-9;-~]{1,200}")
# What is said anew of a body that was decoded already.
_REPLACED = frozenset({"content-type", "content-transfer-encoding"})


def rebuilt(data: bytes) -> bytes:
    """Return a mail with the headers, texts and attachments that are told; none of its own bytes.

    Without its parts (formats metadata and minimal) the body is the snippet. Raises SkipContent.
    """
    try:
        told = json.loads(data)
        payload = told.get("payload") or {"headers": [], "mimeType": "text/plain"}
        if not payload.get("parts") and not _body(payload):
            payload = {**payload, "mimeType": "text/plain", "snippet": told.get("snippet", "")}
        # Nobody can have written a mail that has its own digest in it.
        mark = blake2b(data, digest_size=12).hexdigest()
        return b"".join(_part(payload, f"={mark}", 0))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise SkipContent(f"not a mail as Gmail tells it: {error}") from None


def _part(part: dict[str, Any], boundary: str, depth: int) -> Iterator[bytes]:
    if depth > _DEEPEST:
        raise ValueError("its parts are nested too deeply")
    kind = str(part.get("mimeType") or "text/plain")
    content = _body(part)
    children = part.get("parts") or []
    headers = [(str(each["name"]), str(each["value"])) for each in part.get("headers") or []]
    for name, value in headers:
        if name.lower() not in _REPLACED and _NAME.fullmatch(name):
            yield _line(name, value)
    if kind.startswith("multipart/") and children:
        yield _line("Content-Type", f'{kind}; boundary="{boundary}"') + b"\r\n"
        for number, child in enumerate(children):
            yield f"--{boundary}\r\n".encode()
            yield from _part(child, f"{boundary}.{number}", depth + 1)
            yield b"\r\n"
        yield f"--{boundary}--\r\n".encode()
        return
    said = next((value for name, value in headers if name.lower() == "content-type"), kind)
    yield _line("Content-Type", _utf8(said) if _is_utf8_text(kind, content) else said)
    yield b"Content-Transfer-Encoding: binary\r\n\r\n" + content
    if not content and children:
        yield from _part(children[0], boundary, depth + 1)


def _body(part: dict[str, Any]) -> bytes:
    if "snippet" in part:
        return unescape(str(part["snippet"])).encode("utf-8", "replace")
    text = (part.get("body") or {}).get("data")
    if not text:
        return b""
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except binascii.Error as error:
        raise ValueError(f"a body is no base64: {error}") from None


def _line(name: str, value: str) -> bytes:
    """A field on one line, whatever its value holds."""
    return f"{name}: {' '.join(value.split())}\r\n".encode("utf-8", "replace")


def _is_utf8_text(kind: str, content: bytes) -> bool:
    """Whether Gmail has turned this text into UTF-8, as it does with those it shows."""
    if not kind.startswith("text/"):
        return False
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return True


def _utf8(content_type: str) -> str:
    """The same type with another charset."""
    kind, *parameters = (each.strip() for each in content_type.split(";"))
    kept = [each for each in parameters if not each.lower().startswith("charset")]
    return "; ".join([kind, *kept, "charset=utf-8"])
