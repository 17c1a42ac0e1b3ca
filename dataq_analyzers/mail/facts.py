"""What else a mail says: addresses in one form, what it carries, how it is protected."""

from __future__ import annotations

import re

from dataq_analyzers.interface import Finding, Mail
from dataq_analyzers.mail.body_hash import body_hash, compact
from dataq_analyzers.mail.doubled import undoubled
from dataq_analyzers.mail.fields import Headers
from dataq_analyzers.mail.inline import role, shown_members
from dataq_analyzers.mail.leaves import Leaves
from dataq_analyzers.mail.mime import HEADER, Part
from dataq_analyzers.mail.people import Person, normal_addresses, people
from dataq_analyzers.mail.protection import protections
from dataq_analyzers.mail.transfer import transfer_encoding
from dataq_analyzers.mail.words import LONGEST, decode_words, line, plain

_IMPORTANCE = {
    "high": "high", "urgent": "high", "1": "high", "2": "high",
    "normal": "normal", "3": "normal",
    "low": "low", "non-urgent": "low", "4": "low", "5": "low",
}  # fmt: skip
_IMPORTANCE_FIELDS = (b"importance", b"x-priority", b"priority", b"x-msmail-priority")
_LIST_ID = re.compile(r"<([^<>]+)>\s*$")
_WORD = re.compile(r"[a-z0-9-]+")
_READ = (b"from", b"to", b"cc", b"subject")
_SOUND_WORD = re.compile(rb"=\?[^?\s]{1,40}\?[bBqQ]\?[^?\s]*\?=")


def read_mail(leaves: Leaves) -> Mail:
    """What there is beside the message itself."""
    headers = leaves.tree.root.headers
    sender = (people(headers, b"from") or people(headers, b"sender") or [Person("", "")])[0]
    carried = _carried(leaves)
    return Mail(
        sender=next(iter(_normal(headers, b"sender")), None),
        reply_to=_normal(headers, b"reply-to"),
        from_name=sender.name or None,
        from_address=next(iter(normal_addresses([sender])), None),
        to_addresses=_normal(headers, b"to"),
        cc_addresses=_normal(headers, b"cc"),
        bcc_addresses=_normal(headers, b"bcc"),
        list_id=_list_id(headers),
        importance=_importance(headers),
        auto_submitted=_first_word(headers, b"auto-submitted"),
        size=len(leaves.tree.data),
        attachments=len(carried),
        attachment_bytes=sum(_size(leaves.tree.data, part) for part in carried),
        protection=protections(leaves),
        body_hash=body_hash(leaves),
        repairs=_repairs(leaves),
    )


def _normal(headers: Headers, field: bytes) -> tuple[str, ...]:
    return normal_addresses(people(headers, field)) if headers.first(field) else ()


def _list_id(headers: Headers) -> str | None:
    text = line(headers.first(b"list-id"))
    match = _LIST_ID.search(text)
    return (match.group(1) if match else text).strip().lower() or None


def _importance(headers: Headers) -> str | None:
    words = (_first_word(headers, field) for field in _IMPORTANCE_FIELDS)
    return next((_IMPORTANCE[word] for word in words if word in _IMPORTANCE), None)


def _first_word(headers: Headers, field: bytes) -> str | None:
    raw = headers.first(field)
    match = _WORD.search(line(raw).lower()) if raw else None
    return match.group() if match else None


def _carried(leaves: Leaves) -> list[Part]:
    if not leaves.others:
        return []
    shown = shown_members(leaves)
    return [part for part in leaves.others if role(part, shown) == "attachment"]


def _size(data: bytes, part: Part) -> int:
    """Bytes once decoded, without decoding base64."""
    body = compact(data, part)
    if transfer_encoding(part) != "base64":
        return len(body)
    return len(body.rstrip(b"=")) * 3 // 4


def _repairs(leaves: Leaves) -> tuple[Finding, ...]:
    found = dict.fromkeys(leaves.tree.repairs)
    found.update(dict.fromkeys(Finding(kind, HEADER) for kind in _of_header(leaves)))
    for part in leaves.bodies:
        if kind := leaves.text(part).repair:
            found[Finding(kind, part.number)] = None
    return tuple(found)


def _of_header(leaves: Leaves) -> list[str]:
    """What is wrong with the words of a header; bytes that are UTF-8 are not (RFC 6532)."""
    headers = leaves.tree.root.headers
    raw = b"\n".join(value for field in _READ for value in headers.all(field))
    found = []
    if any(len(value) > LONGEST for field in _READ for value in headers.all(field)):
        found.append("header_cut")
    raw = raw[: 2 * LONGEST]
    if not raw.isascii():
        try:
            raw.decode("utf-8")
        except UnicodeDecodeError:
            found.append("header_charset")
    if b"=?" in raw and b"=?" in _SOUND_WORD.sub(b"", raw):
        found.append("header_words")
    subject = plain(headers.first(b"subject")[:LONGEST], headers.charset)
    subject = " ".join(decode_words(subject).split())
    if undoubled(subject) != subject:
        found.append("header_doubled")
    return found
