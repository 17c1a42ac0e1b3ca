"""The parts of a mail as ranges of its bytes, however badly it is made (RFC 2045, 2046).

Ranges, not copies: an enclosed mail keeps its exact bytes, and a unit of text knows its byte.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from dataq_analyzers.mail.fields import Headers, content_type, read_headers

MAX_PARTS = 2_000
MAX_DEPTH = 30

# Before the header: blank lines, a mailbox's separator, the length that Apple Mail writes.
_ENVELOPE = re.compile(rb"\s*(?:(\d{1,10})[ \t]*\r?\n)?(?:>?From [^\n]*\n)*")
_FIRST_DELIMITER = re.compile(rb"^--(\S{1,70})[ \t]*\r?$", re.M)


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
    within: bool = False

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


def parse(data: bytes) -> Part:
    """The tree of a mail. Never fails: what is broken is text."""
    envelope = _ENVELOPE.match(data)
    start, end = (envelope.end(), len(data)) if envelope else (0, len(data))
    if envelope and envelope.group(1):
        # What Apple Mail knows of a mail follows it as a property list.
        end = min(end, envelope.end(1) + 1 + int(envelope.group(1)))
    return _Reader(data).part(min(start, end), end, "", 0, "text/plain")


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
        return Part(number or "1", headers, media_type, parameters, body, end, children, depth > 0)

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
            return ()
        default = "message/rfc822" if media_type == "multipart/digest" else "text/plain"
        found: list[Part] = []
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
        match = _FIRST_DELIMITER.search(self._data, start, end)
        return match.group(1) if match else b""
