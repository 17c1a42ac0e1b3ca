"""The fields of a header as they stand: names, folded values, parameters (RFC 5322, 2231)."""

from __future__ import annotations

import re
from typing import Any

_FIELD = re.compile(rb"^([!-9;-~]{1,200})[ \t]*:([^\n]*(?:\n[ \t][^\n]*)*)(?:\n|\Z)", re.M)
_BLANK = re.compile(rb"\n\r?\n")
_KNOWN_FIELD = re.compile(
    rb"(?:from|to|cc|subject|date|received|message-id|mime-version|return-path|content-[a-z-]+|"
    rb"reply-to|references|in-reply-to|x-[a-z-]+|status|sender|list-[a-z-]+)[ \t]*:",
    re.I,
)
END_MISSING, BROKEN_FOLD = "header_end_missing", "broken_fold"
_PARAMETER = re.compile(r";\s*([^\s=;]+)\s*=\s*(\"(?:[^\"\\]|\\.)*\"?|[^;]*)", re.S)


class Headers:
    """The fields of a header by lower-case name, in order, as raw bytes still folded.

    `charset` is what bytes that are not ASCII may be in; `repairs` says what was wrong with it;
    `people` keeps who was found in a field.
    """

    __slots__ = ("_fields", "charset", "people", "repairs")

    def __init__(self, fields: list[tuple[bytes, bytes]], repairs: tuple[str, ...] = ()) -> None:
        self.charset = ""
        self.repairs = repairs
        self.people: dict[bytes, list[Any]] = {}
        self._fields: dict[bytes, list[bytes]] = {}
        known = self._fields
        for name, value in fields:
            key = name.lower()
            if key in known:
                known[key].append(value)
            else:
                known[key] = [value]

    def all(self, name: bytes) -> list[bytes]:
        """The values of every field of this name."""
        return self._fields.get(name, [])

    def first(self, name: bytes) -> bytes:
        """The first value, b"" where there is none."""
        values = self._fields.get(name)
        return values[0] if values else b""

    def __len__(self) -> int:
        return len(self._fields)


def read_headers(data: bytes, start: int, end: int) -> tuple[Headers, int]:
    """The header that begins at `start`, and where the body after it begins."""
    blank = _BLANK.search(data, start, end)
    if blank is not None:
        sound: list[tuple[bytes, bytes]] = _FIELD.findall(data, start, blank.start() + 1)
        length = sum(len(name) + len(value) for name, value in sound) + 2 * len(sound)
        if length == blank.start() + 1 - start:
            return Headers(sound), blank.end()
    return _read_bad_headers(data, start, end)


def _read_bad_headers(data: bytes, start: int, end: int) -> tuple[Headers, int]:
    """As read_headers, line by line: fields may be broken, and their end not marked."""
    fields: list[tuple[bytes, bytes]] = []
    repairs: dict[str, None] = {}
    at = start
    while at < end:
        match = _FIELD.match(data, at, end)
        if match is not None:
            fields.append((match.group(1), match.group(2)))
            at = match.end()
            continue
        line_end = data.find(b"\n", at, end) + 1 or end
        if not data[at:line_end].strip():
            return Headers(fields, tuple(repairs)), line_end
        # A line that is no field: a broken fold, if a field that mails do have follows it.
        if not (fields and _KNOWN_FIELD.match(data, line_end, end)):
            repairs[END_MISSING] = None
            return Headers(fields, tuple(repairs)), at
        repairs[BROKEN_FOLD] = None
        fields[-1] = (fields[-1][0], fields[-1][1] + b" " + data[at:line_end])
        at = line_end
    return Headers(fields, tuple(repairs)), end


def content_type(raw: bytes, default: str) -> tuple[str, dict[str, str]]:
    """The media type and parameters of a Content-Type field; `default` where it is none."""
    value, parameters = parameterized(raw)
    kind = value.lower()
    main, slash, sub = kind.partition("/")
    if not (slash and main.strip() and sub.strip()):
        return ("text/plain" if kind else default), parameters
    return f"{main.strip()}/{sub.strip().split()[0]}", parameters


def parameterized(raw: bytes) -> tuple[str, dict[str, str]]:
    """A field's value and parameters, those of RFC 2231 put together."""
    text = raw.decode("utf-8", "surrogateescape")
    value, semicolon, _ = text.partition(";")
    if not semicolon:
        return value.strip(), {}
    found: dict[str, str] = {}
    for name, quoted in _PARAMETER.findall(text):
        content = quoted.strip()
        if content.startswith('"'):
            content = re.sub(r"\\(.)", r"\1", content[1:].removesuffix('"'))
        found.setdefault(name.lower(), re.sub(r"\r?\n[ \t]*", "", content))
    if "*" in text:
        found |= _extended(found)
    return value.strip(), found


def _extended(parameters: dict[str, str]) -> dict[str, str]:
    """The values of `name*`, `name*0`, `name*0*` and so on, joined and decoded, by name."""
    pieces: dict[str, list[tuple[int, bool, str]]] = {}
    for key, value in parameters.items():
        name, star, rest = key.partition("*")
        if star:
            number = rest.rstrip("*")
            order = int(number) if number.isdigit() and len(number) < 5 else 0
            pieces.setdefault(name, []).append((order, key.endswith("*"), value))
    return {name: _joined(sorted(found)) for name, found in pieces.items()}


def _joined(pieces: list[tuple[int, bool, str]]) -> str:
    from urllib.parse import unquote_to_bytes

    charset, data = "utf-8", b""
    for position, (_, encoded, value) in enumerate(pieces):
        rest = value
        if encoded and position == 0 and value.count("'") >= 2:
            charset, _, rest = value.split("'", 2)
        raw = rest.encode("utf-8", "surrogateescape")
        data += unquote_to_bytes(raw) if encoded else raw
    try:
        return data.decode(charset or "utf-8")
    except (LookupError, UnicodeError, ValueError):
        return data.decode("utf-8", "replace")
