"""What the header of a mail says: words in any charset, people, ids and times (RFC 5322, 2047)."""

from __future__ import annotations

import binascii
import re
from datetime import UTC, datetime, timedelta
from email.utils import getaddresses, parsedate_tz

from dataq_analyzers.decode import codec_name
from dataq_analyzers.interface import Message
from dataq_analyzers.mime import Headers, Part, parameterized

_LABELS = (b"x-gmail-labels", b"x-keywords", b"keywords")
_MESSAGE_ID = re.compile(r"<([^<>\s]{1,900})>")
_WORD = re.compile(r"=\?([^?*\s]{1,40})(?:\*[^?]*)?\?([bBqQ])\?([^?]*)\?=")
_BETWEEN_WORDS = re.compile(r"(\?=)\s+(?==\?[^?\s]{1,40}\?[bBqQ]\?)")
_SIMPLE_ADDRESS = re.compile(
    r"\s*(?:([^\"<>,;:()\[\]\\@]*?)\s*<([^\s<>,;:()\"\\@]+@[^\s<>,;:()\"\\@]+)>"
    r"|([^\s<>,;:()\"\\@]+@[^\s<>,;:()\"\\@]+))\s*"
)
_EXTENSIONS = {
    "application/pdf": ".pdf",
    "application/pgp-signature": ".sig",
    "application/pkcs7-signature": ".p7s",
    "image/gif": ".gif",
    "image/jpeg": ".jpg",
    "image/png": ".png",
    "message/delivery-status": ".txt",
    "message/rfc822": ".eml",
    "text/calendar": ".ics",
    "text/css": ".css",
    "text/html": ".html",
    "text/plain": ".txt",
}


def read_message(headers: Headers) -> Message:
    """The fields that tie a mail to people, time and other mails."""
    ids = message_ids(headers, b"message-id")
    answered = message_ids(headers, b"in-reply-to")
    senders = addresses(headers, b"from") or addresses(headers, b"sender")
    return Message(
        message_id=ids[0] if ids else line(headers.first(b"message-id")) or None,
        in_reply_to=answered[0] if answered else None,
        references=message_ids(headers, b"references"),
        sender=senders[0] if senders else None,
        to=addresses(headers, b"to"),
        cc=addresses(headers, b"cc"),
        date=date(headers),
        subject=line(headers.first(b"subject")) or None,
        labels=_labels(headers),
    )


def line(raw: bytes) -> str:
    """A field as one line of text: encoded words and bare 8-bit characters decoded."""
    return " ".join(decode_words(plain(raw)).split())


def plain(raw: bytes) -> str:
    """Bytes of a header as text: UTF-8, else Western European."""
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        text = raw.decode("cp1252", "replace")
    return text.replace("\0", "") if "\0" in text else text


def decode_words(text: str) -> str:
    """`text` with its encoded words (RFC 2047) decoded, also where they break its rules."""
    if "=?" not in text:
        return text
    text = _BETWEEN_WORDS.sub(r"\1", text)
    decoded = []
    end = 0
    pending = b""
    charset = ""
    for match in _WORD.finditer(text):
        # A character of several bytes may be split between two words of one charset.
        if match.start() > end or match.group(1).lower() != charset:
            decoded += [_decoded(pending, charset), text[end : match.start()]]
            pending, charset = b"", match.group(1).lower()
        pending += _word(match.group(2), match.group(3))
        end = match.end()
    return "".join([*decoded, _decoded(pending, charset), text[end:]])


def _word(encoding: str, text: str) -> bytes:
    raw = text.encode("utf-8", "replace")
    if encoding in "qQ":
        return binascii.a2b_qp(raw, header=True)
    try:
        return binascii.a2b_base64(raw + b"=" * (-len(raw) % 4))
    except binascii.Error:
        return raw


def _decoded(data: bytes, charset: str) -> str:
    if not data:
        return ""
    try:
        return data.decode(codec_name(charset) or "utf-8")
    except UnicodeError:
        return data.decode("cp1252", "replace")


def addresses(headers: Headers, name: bytes) -> tuple[str, ...]:
    """The addresses of a field, each as "Name <address>" or plain; where none can be told, it all."""
    found: list[str] = []
    for raw in headers.all(name):
        value = plain(raw)
        found += _simple_addresses(value) or _any_addresses(value)
    return tuple(found)


def _simple_addresses(value: str) -> list[str]:
    """The addresses of a field without quotes and comments, which most are; [] of any other."""
    found = []
    for piece in value.split(","):
        match = _SIMPLE_ADDRESS.fullmatch(piece)
        if match is None:
            return []
        found.append(_address(match.group(1) or "", match.group(2) or match.group(3)))
    return found


def _any_addresses(value: str) -> list[str]:
    value = re.sub(r"\s*\r?\n\s*", " ", value)
    try:
        pairs = getaddresses([value])
    except (ValueError, IndexError, TypeError, RecursionError):
        pairs = []
    found = [_address(name, address) for name, address in pairs if address]
    text = " ".join(decode_words(value).split())
    return found or ([text] if text else [])


def _address(name: str, address: str) -> str:
    name = " ".join(decode_words(name).split())
    return f"{name} <{address}>" if name else address


def message_ids(headers: Headers, name: bytes) -> tuple[str, ...]:
    """The message ids of a field, without angle brackets, each once."""
    raw = b" ".join(headers.all(name))
    return tuple(dict.fromkeys(_MESSAGE_ID.findall(plain(raw)))) if raw else ()


def date(headers: Headers) -> datetime | None:
    """The Date field in UTC, None where it is absent or means nothing."""
    try:
        fields = parsedate_tz(plain(headers.first(b"date")))
        if fields is None:
            return None
        local = datetime(*fields[:6], tzinfo=UTC)
        return local - timedelta(seconds=fields[9] or 0)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def _labels(headers: Headers) -> tuple[str, ...]:
    values = [line(raw) for name in _LABELS for raw in headers.all(name)]
    labels = (label.strip() for value in values for label in value.split(","))
    return tuple(dict.fromkeys(label for label in labels if label))


def is_attachment(part: Part) -> bool:
    """Whether a part is to be saved rather than shown."""
    return part.headers.first(b"content-disposition").strip().lower().startswith(b"attachment")


def filename(part: Part) -> str | None:
    """The name that a part is to be saved by: the last component only, printable."""
    _, parameters = parameterized(part.headers.first(b"content-disposition"))
    raw = parameters.get("filename") or part.parameters.get("name") or ""
    text = decode_words(plain(raw.encode("utf-8", "surrogateescape")))
    name = text.replace("\\", "/").rpartition("/")[2]
    name = "".join(char for char in name if char.isprintable()).strip()
    return name if name not in ("", ".", "..") else None


def member_name(part: Part) -> str:
    """The name of a part as a member: its own, else its number and what its type suggests."""
    return filename(part) or f"part-{part.number}{_EXTENSIONS.get(part.media_type, '')}"
