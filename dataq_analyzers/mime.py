"""The parts of a mail as ranges of its bytes, however badly it is made (RFC 2045, 2046, 5322).

Ranges, not copies: an enclosed mail keeps its exact bytes, and a unit of text knows its byte.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator
from typing import NamedTuple

MAX_PARTS = 2_000
MAX_DEPTH = 30

_FIELD = re.compile(rb"([!-9;-~]{1,200})[ \t]*:([^\n]*(?:\n[ \t][^\n]*)*)(?:\n|\Z)")
_BLANK = re.compile(rb"\n\r?\n")
_KNOWN_FIELD = re.compile(
    rb"(?:from|to|cc|subject|date|received|message-id|mime-version|return-path|content-[a-z-]+|"
    rb"reply-to|references|in-reply-to|x-[a-z-]+|status|sender|list-[a-z-]+)[ \t]*:",
    re.I,
)
_ENVELOPE = re.compile(rb"\s*(?:>?From [^\n]*\n)+|(?:[ \t]*\r?\n)+")
_PARAMETER = re.compile(r";\s*([^\s=;]+)\s*=\s*(\"(?:[^\"\\]|\\.)*\"?|[^;]*)", re.S)
_BASE64_JUNK = re.compile(rb"[^A-Za-z0-9+/]+")
_UU_BODY = re.compile(rb"^begin [0-7]{3,4} [^\n]*\n(.*?)^end\b", re.M | re.S)


class Headers:
    """The fields of a header by lower-case name, in order, as raw bytes still folded."""

    __slots__ = ("_fields",)

    def __init__(self, fields: list[tuple[bytes, bytes]]) -> None:
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


class Part(NamedTuple):
    """A node of the tree: bytes [start, end) are its body; a leaf has no children.

    `number` counts as IMAP does: "1" for the only one, else "2" or "2.1".
    """

    number: str
    headers: Headers
    media_type: str
    parameters: dict[str, str]
    start: int
    end: int
    children: tuple[Part, ...] = ()

    @property
    def family(self) -> str:
        return self.media_type.partition("/")[0]

    def leaves(self) -> Iterator[Part]:
        """The leaves below, in order; an enclosed mail is one leaf."""
        if not self.children:
            yield self
        for child in self.children:
            yield from child.leaves()


def parse(data: bytes) -> Part:
    """The tree of a mail. Never fails: what is broken is text."""
    envelope = _ENVELOPE.match(data)
    return _Reader(data).part(envelope.end() if envelope else 0, len(data), "", 0, "text/plain")


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self._count = 0

    def part(self, start: int, end: int, number: str, depth: int, default: str) -> Part:
        self._count += 1
        headers, body = read_headers(self._data, start, end)
        media_type, parameters = content_type(headers.first(b"content-type"), default)
        children: tuple[Part, ...] = ()
        if media_type.startswith("multipart/"):
            children = self._children(body, end, number, depth, media_type, parameters)
            if not children:
                media_type = "text/plain"
        return Part(number or "1", headers, media_type, parameters, body, end, children)

    def _children(
        self, start: int, end: int, number: str, depth: int, media_type: str,
        parameters: dict[str, str],
    ) -> tuple[Part, ...]:
        boundary = parameters.get("boundary", "").encode("utf-8", "surrogateescape")
        if depth >= MAX_DEPTH:
            return ()
        default = "message/rfc822" if media_type == "multipart/digest" else "text/plain"
        found = []
        for first, last in self._ranges(start, end, boundary or self._guess(start, end)):
            if self._count >= MAX_PARTS:
                break
            inner = f"{number}.{len(found) + 1}" if number else str(len(found) + 1)
            found.append(self.part(first, last, inner, depth + 1, default))
        return tuple(found)

    def _ranges(self, start: int, end: int, boundary: bytes) -> Iterator[tuple[int, int]]:
        """What stands between the delimiter lines; the last part may lack its own."""
        if not boundary:
            return
        data, delimiter = self._data, b"--" + boundary
        begin = -1
        at = start
        while (at := data.find(delimiter, at, end)) >= 0:
            after = at + len(delimiter)
            line_end = data.find(b"\n", after, end)
            line_end = end if line_end < 0 else line_end
            rest = data[after:line_end].strip()
            if (at == start or data[at - 1 : at] == b"\n") and rest in (b"", b"--"):
                if begin >= 0:
                    yield begin, max(begin, self._before_break(at))
                begin = min(line_end + 1, end)
                if rest:
                    return
            at = after
        if begin >= 0:
            yield begin, end

    def _before_break(self, at: int) -> int:
        """The line break before a delimiter belongs to the delimiter."""
        if self._data[at - 1 : at] == b"\n":
            at -= 1
            if self._data[at - 1 : at] == b"\r":
                at -= 1
        return at

    def _guess(self, start: int, end: int) -> bytes:
        """The boundary that a multipart forgot to name: its first line that begins with "--"."""
        match = re.compile(rb"^--(\S{1,70})[ \t]*\r?$", re.M).search(self._data, start, end)
        return match.group(1) if match else b""


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
    fields = []
    at = start
    while at < end:
        match = _FIELD.match(data, at, end)
        if match is not None:
            fields.append(match.groups())
            at = match.end()
            continue
        line_end = data.find(b"\n", at, end) + 1 or end
        if not data[at:line_end].strip():
            return Headers(fields), line_end
        # A line that is no field: a broken fold, if a field that mails do have follows it.
        if not (fields and _KNOWN_FIELD.match(data, line_end, end)):
            return Headers(fields), at
        fields[-1] = (fields[-1][0], fields[-1][1] + b" " + data[at:line_end])
        at = line_end
    return Headers(fields), end


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


def content(data: bytes, part: Part) -> bytes:
    """The bytes of a leaf with its transfer encoding undone, as far as it can be."""
    body = data[part.start : part.end]
    encoding = transfer_encoding(part)
    if encoding == "quoted-printable":
        return binascii.a2b_qp(body)
    if encoding == "base64":
        return _base64(body)
    if encoding in ("x-uuencode", "uuencode", "uue", "x-uue"):
        return _uudecode(body)
    return body


def transfer_encoding(part: Part) -> str:
    """The Content-Transfer-Encoding, lower case; "" where the bytes stand as they are."""
    raw = part.headers.first(b"content-transfer-encoding")
    if not raw:
        return ""
    name = raw.strip().lower().decode("ascii", "replace")
    return "" if name in ("7bit", "8bit", "binary") else name


def _base64(body: bytes) -> bytes:
    # Padding in the middle ends nothing: some senders encode and join pieces.
    clean = _BASE64_JUNK.sub(b"", body)
    clean += b"=" * (-len(clean) % 4)
    try:
        return binascii.a2b_base64(clean)
    except binascii.Error:
        # One character too many: drop it rather than the rest.
        try:
            return binascii.a2b_base64(clean.rstrip(b"=")[:-1])
        except binascii.Error:
            return b""


def _uudecode(body: bytes) -> bytes:
    match = _UU_BODY.search(body)
    if match is None:
        return body
    found = b""
    for line in match.group(1).splitlines():
        try:
            found += binascii.a2b_uu(line)
        except binascii.Error:
            # Old encoders write too many characters; the first one says how many count.
            count = (((line[0] - 32) & 63) * 4 + 5) // 3 if line else 0
            try:
                found += binascii.a2b_uu(line[:count])
            except binascii.Error:
                continue
    return found
