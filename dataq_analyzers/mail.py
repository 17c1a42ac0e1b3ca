"""Reads RFC 5322 mail as it is found: bad charsets, broken headers and boundaries included."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.header import decode_header
from email.message import Message as RawMessage
from email.parser import BytesParser
from email.utils import getaddresses, parsedate_tz
from typing import NamedTuple

from dataq_analyzers.decode import codec_name

MAX_PARTS = 1_000
MAX_DEPTH = 30
_MESSAGE_ID = re.compile(r"<([^<>\s]{1,900})>")
_FOLD = re.compile(r"\r?\n(?=[ \t])|[\r\n]+")


class Part(NamedTuple):
    """A leaf of a mail's tree and its number as IMAP counts ("1", "2.1")."""

    number: str
    message: RawMessage

    @property
    def media_type(self) -> str:
        return self.message.get_content_type()


def parse(data: bytes) -> RawMessage:
    """The mail in `data`; the parser of the standard library never fails, it notes defects."""
    # The compat32 policy (the default of BytesParser) reads 3 times as many a second as others.
    return BytesParser().parsebytes(data)


def parts(message: RawMessage, number: str = "", depth: int = 0) -> Iterator[Part]:
    """The leaves in order; an enclosed message is one leaf."""
    payload = message.get_payload()
    if message.get_content_maintype() != "multipart" or not isinstance(payload, list):
        yield Part(number or "1", message)
        return
    if depth >= MAX_DEPTH:
        return
    for position, child in enumerate(payload[:MAX_PARTS], 1):
        if isinstance(child, RawMessage):
            inner = f"{number}.{position}" if number else str(position)
            yield from parts(child, inner, depth + 1)


def body_bytes(message: RawMessage) -> bytes:
    """The content of a leaf with its transfer encoding undone."""
    enclosed = message.get_payload()
    if isinstance(enclosed, list):
        return b"".join(inner.as_bytes() for inner in enclosed if isinstance(inner, RawMessage))
    payload = message.get_payload(decode=True)
    return payload if isinstance(payload, bytes) else b""


def body_text(message: RawMessage) -> str:
    """The text of a leaf: by its charset, else UTF-8, else as Western European."""
    data = body_bytes(message)
    charset = codec_name(_charset(message))
    for encoding in (charset, "utf-8"):
        if encoding:
            try:
                return data.decode(encoding).replace("\r\n", "\n").replace("\0", "")
            except UnicodeError:
                continue
    fallback = charset if charset and charset != "utf-8" else "cp1252"
    return data.decode(fallback, "replace").replace("\r\n", "\n").replace("\0", "")


def _charset(message: RawMessage) -> str | None:
    try:
        return message.get_content_charset()
    except (ValueError, LookupError, TypeError):
        return None


def header(message: RawMessage, name: str) -> str | None:
    """A header decoded to one line of text, None where it is absent or empty."""
    raw = message.get(name)
    if raw is None:
        return None
    text = " ".join(decode_words(str(raw)).split())
    return text or None


def decode_words(raw: str) -> str:
    """`raw` with encoded words (RFC 2047) and bare 8-bit characters decoded."""
    raw = _plain(raw)
    if "=?" not in raw:
        return raw
    try:
        pieces = decode_header(raw)
    except (ValueError, LookupError, TypeError):
        return raw
    return "".join(
        piece if isinstance(piece, str) else _decode_word(piece, charset)
        for piece, charset in pieces
    )


def _decode_word(piece: bytes, charset: str | None) -> str:
    # Where no charset is given the library hands back what was not encoded, as it stood.
    encoding = codec_name(charset) or ("utf-8" if charset else "raw-unicode-escape")
    try:
        return piece.decode(encoding)
    except UnicodeError:
        return piece.decode("cp1252", "replace")


def _plain(raw: str) -> str:
    """A header as text: bytes over 127 come from the parser as surrogates."""
    if raw.isascii():
        return raw
    data = raw.encode("utf-8", "surrogateescape")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")


def addresses(message: RawMessage, name: str) -> tuple[str, ...]:
    """The addresses of a header, each as "Name <address>" or plain."""
    values = [_FOLD.sub("", str(value)) for value in message.get_all(name, [])]
    try:
        pairs = getaddresses(values)
    except (ValueError, IndexError, TypeError, RecursionError):
        pairs = []
    found = [_address(decode_words(label), address) for label, address in pairs if address]
    return tuple(found) or tuple(" ".join(decode_words(value).split()) for value in values if value)


def _address(label: str, address: str) -> str:
    label, address = " ".join(label.split()), _plain(address)
    return f"{label} <{address}>" if label else address


def message_ids(message: RawMessage, name: str) -> tuple[str, ...]:
    """The message ids of a header, without angle brackets, each once."""
    raw = " ".join(_plain(str(value)) for value in message.get_all(name, []))
    found = _MESSAGE_ID.findall(raw)
    return tuple(dict.fromkeys(found))


def date(message: RawMessage) -> datetime | None:
    """The Date header in UTC, None where it is absent or means nothing."""
    try:
        fields = parsedate_tz(_plain(str(message.get("date", ""))))
        if fields is None:
            return None
        local = datetime(*fields[:6], tzinfo=UTC)
        return local - timedelta(seconds=fields[9] or 0)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def is_attachment(message: RawMessage) -> bool:
    """Whether a part is to be saved rather than shown."""
    return str(message.get("content-disposition", "")).strip().lower().startswith("attachment")


def filename(message: RawMessage) -> str | None:
    """The name that a part is to be saved by, its last component only."""
    try:
        raw = message.get_filename()
    except (ValueError, LookupError, TypeError, AssertionError):
        return None
    name = decode_words(str(raw or "")).replace("\\", "/").rpartition("/")[2]
    name = "".join(char for char in name if char.isprintable()).strip()
    return name if name not in ("", ".", "..") else None


def extension(media_type: str) -> str:
    """A file name's extension for a type, "" where there is none."""
    import mimetypes

    if media_type == "message/rfc822":
        return ".eml"
    return mimetypes.guess_extension(media_type) or ""
