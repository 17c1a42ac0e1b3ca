"""Which parts of a mail a reader shows, and what the others are called."""

from __future__ import annotations

from dataq_analyzers.mail.fields import parameterized
from dataq_analyzers.mail.mime import Part
from dataq_analyzers.mail.words import decode_words, plain

_SHOWN = frozenset({"text/plain", "text/html", "text/enriched", "text/richtext"})
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


def is_shown(part: Part) -> bool:
    """Whether a reader of the mail sees the part as text; if not, it is a member."""
    if part.media_type not in _SHOWN:
        return False
    return disposition(part) != "attachment" and filename(part) is None


def is_body(part: Part) -> bool:
    """Whether it is shown; the only part of a mail is, even if it has a name."""
    return is_shown(part) or (part.is_whole and part.family == "text")


def disposition(part: Part) -> str:
    """Inline or attachment, as the part says; "" where it says neither."""
    raw = part.headers.first(b"content-disposition").strip().lower()
    return (
        "attachment" if raw.startswith(b"attachment") else "inline" if raw[:6] == b"inline" else ""
    )


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
