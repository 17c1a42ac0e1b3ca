"""What kind of text a text is: by how it begins, then by its name, then as declared."""

from __future__ import annotations

import json
import re

from dataq_analyzers.detection.extensions import BY_INTERPRETER, named_type
from dataq_analyzers.detection.markup_kind import markup_kind

PLAIN = "text/plain"
MAIL, MBOX = "message/rfc822", "application/mbox"
JSON, JSON_LINES = "application/json", "application/x-ndjson"
GMAIL = "application/vnd.google.gmail.message+json"
CSV, TSV = "text/csv", "text/tab-separated-values"
MAIL_HEADER = _LOOK = 16_384

_HEADER = re.compile(
    r"\s*(?:\d{1,10}[ \t]*\r?\n)?(?:>?From [^\n]*\n)*"
    r"((?:[!-9;-~]{1,78}[ \t]*:[^\n]*\n(?:[ \t][^\n]*\n)*)+)"
)
_MAIL_FIELD = re.compile(
    r"^(from|to|cc|subject|date|received|message-id|mime-version|return-path|delivered-to|sender|"
    r"reply-to|in-reply-to|references|content-type|x-mailer|content-transfer-encoding):",
    re.I | re.M,
)
# Fields that nothing but mail has; the others may stand at the top of many a text.
_SURE = frozenset({"received", "message-id", "return-path", "mime-version", "delivered-to"})
_SEPARATOR = re.compile(r"\n\r?\nFrom [^\n]{0,200}?\d[^\n]{0,200}\n[!-9;-~]{1,78}:")
_SHEBANG = re.compile(r"#![ \t]*(?:\S*/)?([a-z]+)[\d.]*(?:[ \t]+(?:-\S+[ \t]+)*([a-z]+)[\d.]*)?")
_OPENINGS = (
    ("BEGIN:VCALENDAR", "text/calendar"),
    ("BEGIN:VCARD", "text/vcard"),
    ("WEBVTT", "text/vtt"),
    ("WARC/", "application/warc"),
    ("filedesc://", "application/x-ia-arc"),
    ("<?php", "text/x-php"),
)
_DELIMITERS = (("\t", TSV), (",", CSV), (";", CSV))
# What a name or a declaration may say that content of no such look contradicts.
_NEEDS_PROOF = frozenset(
    {JSON, JSON_LINES, GMAIL, MAIL, MBOX, "application/xhtml+xml", "text/html"}
)
_KEEPS_ITS_NAME = ("text/x-", "text/markdown", "text/javascript", "application/yaml", "text/css")


def text_kind(text: str, name: str = "", declared: str = "", tail: str = "") -> str:
    """The media type of a text that begins with `text` and, if it is longer, ends with `tail`."""
    named = named_type(name)
    promised = named or _declared(declared)
    start = text.lstrip("\ufeff \t\r\n")
    for opening, kind in _OPENINGS:
        if start.startswith(opening):
            return kind
    if mail := mail_kind(text, promised, tail):
        return mail
    return (
        (markup_kind(start, promised) if start.startswith("<") else None)
        or (_json_kind(start, promised) if start[:1] in ("{", "[") else None)
        or (_interpreted(start) if start.startswith("#!") else None)
        or (_table_kind(start) if promised is None else None)
        or (PLAIN if promised in _NEEDS_PROOF else promised)
        or PLAIN
    )


def _declared(declared: str) -> str | None:
    kind = declared.partition(";")[0].strip().lower()
    # "text/plain" is what is declared where nothing is known.
    is_text = kind.startswith("text/") or kind in (JSON, JSON_LINES, GMAIL, MAIL, MBOX)
    return kind if is_text and kind != PLAIN else None


def mail_kind(text: str, promised: str | None = None, tail: str = "") -> str | None:
    """message/rfc822 or application/mbox where a text begins with the header of a mail."""
    match = _HEADER.match(text[:_LOOK])
    if match is None:
        return None
    known = {field.lower() for field in _MAIL_FIELD.findall(match.group(1).replace("\r", ""))}
    sure = bool(known & _SURE)
    if promised and promised.startswith(_KEEPS_ITS_NAME) and not sure:
        return None
    if promised not in (MAIL, MBOX) and len(known) < (2 if sure or "from" in known else 3):
        return None
    many = text.startswith("From ") and (_SEPARATOR.search(text) or _SEPARATOR.search(tail))
    return MBOX if promised == MBOX or many else MAIL


def _json_kind(start: str, promised: str | None) -> str | None:
    if promised == "text/markdown":
        return None
    typed = promised if promised and promised.endswith("json") else None
    try:
        _, end = json.JSONDecoder(parse_int=str, strict=False).raw_decode(start)
    except RecursionError:
        return typed or JSON
    except ValueError as error:
        # The beginning of a large document breaks off somewhere; until there it must be sound.
        position = getattr(error, "pos", 0)
        broken_off = len(start) > _LOOK and (
            position > len(start) - 200 or "Unterminated" in str(error)
        )
        return (typed or JSON) if broken_off or typed else None
    rest = start[end:].lstrip()
    if not rest:
        return typed or JSON
    lines = start[end : end + 3].lstrip(" \t\r").startswith("\n") and rest[0] in "[{"
    return JSON_LINES if lines else typed


def _interpreted(start: str) -> str | None:
    match = _SHEBANG.match(start)
    if match is None:
        return None
    program = match.group(2) if match.group(1) == "env" else match.group(1)
    return BY_INTERPRETER.get(program or "")


def _table_kind(start: str) -> str | None:
    """A table where the first lines have the same number of delimiters, two or more."""
    lines = start[:8_192].splitlines()[:12]
    if len(lines) > 11 or len(start) > 8_192:
        lines = lines[:-1]
    if len(lines) < 3:
        return None
    for delimiter, kind in _DELIMITERS:
        counts = {line.count(delimiter) for line in lines if line.strip()}
        if len(counts) == 1 and counts.pop() >= 2:
            return kind
    return None
