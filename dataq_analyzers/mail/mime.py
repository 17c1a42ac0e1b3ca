"""The parts of a mail as ranges of its bytes, however badly it is made (RFC 2045, 2046).

Ranges, not copies: an enclosed mail keeps its exact bytes, and a unit of text knows its byte.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from dataq_analyzers.interface import Finding
from dataq_analyzers.mail.fields import Headers, content_type, read_headers

MAX_PARTS = 2_000
MAX_DEPTH = 30
MAX_REPAIRS = 100

HEADER = "header"
BARE_CR, TOO_DEEP, TOO_MANY = "bare_cr", "parts_too_deep", "parts_too_many"
NO_BOUNDARY, NOT_THERE, UNCLOSED = "boundary_unnamed", "boundary_missing", "boundary_unclosed"

_HEADER_BYTES = 1 << 20
_BLANK = re.compile(rb"\n\r?\n")
_BARE_CR = re.compile(rb"\r(?!\n)")

# Before the header: blank lines, a mailbox's separator, the length that Apple Mail writes.
_ENVELOPE = re.compile(rb"\s*(?:(\d{1,10})[ \t]*\r?\n)?(?:>?From [^\n]*\n)*")
_FIRST_DELIMITER = re.compile(rb"^--(\S{1,70})[ \t]*\r?$", re.M)


class Part(NamedTuple):
    """A node of the tree: bytes [start, end) are its body; a leaf has no children.

    Bytes [first, end) are all of it, with its header. `number` counts as IMAP does: "1" for the
    only one, else "2" or "2.1".
    """

    number: str
    headers: Headers
    media_type: str
    parameters: dict[str, str]
    start: int
    end: int
    children: tuple[Part, ...] = ()
    within: bool = False
    first: int = 0

    @property
    def is_whole(self) -> bool:
        """Whether it is the only part of its mail."""
        return not self.children and not self.within

    @property
    def family(self) -> str:
        return self.media_type.partition("/")[0]

    def leaves(self) -> Iterator[Part]:
        """The leaves below, in order; an enclosed mail is one leaf."""
        if not self.children:
            yield self
        for child in self.children:
            yield from child.leaves()

    def parts(self) -> Iterator[Part]:
        """Itself and all below, parents before children."""
        yield self
        for child in self.children:
            yield from child.parts()


class Tree(NamedTuple):
    """A mail that was read: its parts are ranges of `data`, which is as long as what was given.

    `repairs` says what had to be put right, each kind once a part.
    """

    root: Part
    data: bytes
    repairs: tuple[Finding, ...] = ()


def parse(data: bytes) -> Part:
    """The tree of a mail. Never fails: what is broken is text."""
    return read(data).root


def read(data: bytes) -> Tree:
    """The tree of a mail, and what was wrong with it."""
    reader = _Reader(_with_line_ends(data))
    if reader.data is not data:
        reader.repair(BARE_CR, HEADER)
    root = _whole(reader)
    root.headers.charset = _charset(root)
    return Tree(root, reader.data, tuple(reader.repairs))


def part_bytes(data: bytes, number: str) -> bytes | None:
    """The bytes of a part as it travelled, with its header; None if there is none of that number.

    They are what a signature of that part is about (RFC 1847).
    """
    for part in parse(data).parts():
        if part.number == number and (part.within or part.is_whole):
            return data[part.first : part.end]
    return None


def _with_line_ends(data: bytes) -> bytes:
    """`data` with line ends for carriage returns that stand alone in the header, or everywhere."""
    if b"\r" not in data:
        return data
    blank = _BLANK.search(data)
    end = blank.end() if blank else min(len(data), _HEADER_BYTES)
    if b"\n" not in data[:end]:
        return data.replace(b"\r", b"\n")
    header = data[:end]
    if header.count(b"\r") == header.count(b"\r\n"):
        return data
    return _BARE_CR.sub(b"\n", header) + data[end:]


def _charset(root: Part) -> str:
    """The charset of the first text: what a header without one is likely to be in."""
    leaf = next(root.leaves())
    return leaf.parameters.get("charset", "") if leaf.family == "text" else ""


def _whole(reader: _Reader) -> Part:
    data = reader.data
    envelope = _ENVELOPE.match(data)
    start, end = (envelope.end(), len(data)) if envelope else (0, len(data))
    if envelope and envelope.group(1):
        # What Apple Mail knows of a mail follows it as a property list.
        end = min(end, envelope.end(1) + 1 + int(envelope.group(1)))
    return reader.part(min(start, end), end, "", 0, "text/plain")


class _Reader:
    def __init__(self, data: bytes) -> None:
        self.data = data
        self.repairs: dict[Finding, None] = {}
        self._count = 0

    def repair(self, kind: str, part: str) -> None:
        if len(self.repairs) < MAX_REPAIRS:
            self.repairs[Finding(kind, part)] = None

    def part(self, start: int, end: int, number: str, depth: int, default: str) -> Part:
        self._count += 1
        headers, body = read_headers(self.data, start, end)
        for kind in headers.repairs:
            self.repair(kind, number or HEADER)
        media_type, parameters = content_type(headers.first(b"content-type"), default)
        children: tuple[Part, ...] = ()
        if media_type.startswith("multipart/"):
            children = self._children(body, end, number, depth, media_type, parameters)
            if not children:
                media_type = "text/plain"
        within = depth > 0
        return Part(
            number or "1", headers, media_type, parameters, body, end, children, within, start
        )

    def _children(
        self,
        start: int,
        end: int,
        number: str,
        depth: int,
        media_type: str,
        parameters: dict[str, str],
    ) -> tuple[Part, ...]:
        boundary = parameters.get("boundary", "").encode("utf-8", "surrogateescape")
        if depth >= MAX_DEPTH:
            self.repair(TOO_DEEP, number or HEADER)
            return ()
        if not boundary:
            self.repair(NO_BOUNDARY, number or HEADER)
        default = "message/rfc822" if media_type == "multipart/digest" else "text/plain"
        found: list[Part] = []
        ranges = self._ranges(start, end, boundary or self._guess(start, end), number or HEADER)
        for first, last in ranges:
            if self._count >= MAX_PARTS:
                self.repair(TOO_MANY, number or HEADER)
                break
            inner = f"{number}.{len(found) + 1}" if number else str(len(found) + 1)
            found.append(self.part(first, last, inner, depth + 1, default))
        return tuple(found)

    def _ranges(
        self, start: int, end: int, boundary: bytes, number: str
    ) -> Iterator[tuple[int, int]]:
        """What stands between the delimiter lines; the last part may lack its own."""
        if not boundary:
            return
        data, delimiter = self.data, b"--" + boundary
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
            self.repair(UNCLOSED, number)
            yield begin, end
        else:
            self.repair(NOT_THERE, number)

    def _before_break(self, at: int) -> int:
        """The line break before a delimiter belongs to the delimiter."""
        if self.data[at - 1 : at] == b"\n":
            at -= 1
            if self.data[at - 1 : at] == b"\r":
                at -= 1
        return at

    def _guess(self, start: int, end: int) -> bytes:
        """The boundary that a multipart forgot to name: its first line that begins with "--"."""
        match = _FIRST_DELIMITER.search(self.data, start, end)
        return match.group(1) if match else b""
