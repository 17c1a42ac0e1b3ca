"""Splits a file into mails, never with more of it in memory than one mail."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

PIECE_BYTES = 1 << 20
_LINE = 2_000
"""More than a separator and the header line behind it have."""
_SEPARATOR = re.compile(
    rb"From [^\r\n]{0,400}?\d\d:\d\d[^\r\n]{0,200}\r?\n(?=>?From |[!-9;-~]{1,100}:|\r?\n)"
)
_NEXT = re.compile(rb"\n\r?\n(?=" + _SEPARATOR.pattern + rb")")
_HEADERS_END = re.compile(rb"\n\r?\n")
_LENGTH = re.compile(rb"^content-length:[ \t]*(\d{1,15})[ \t]*\r?$", re.I | re.M)

Read = Callable[[int, int], bytes]
"""Up to so many bytes (the second) from an offset of the file."""


@dataclass(frozen=True, slots=True)
class Part:
    """A mail: where its separator begins, that line, and its bytes; None where it is too large."""

    start: int
    separator: bytes
    content: bytes | None
    size: int


class NotMbox(ValueError):
    """The file does not begin with a separator."""


def is_mbox(head: bytes) -> bool:
    """Return whether a file that begins so is a mailbox; `head` is of up to 4 KiB."""
    return _SEPARATOR.match(head.lstrip(b"\r\n")) is not None


def split(read: Read, start: int, lengths: bool, max_bytes: int) -> Iterator[Part]:
    """Yield the mails from an offset on, at which one begins, to the end of the file.

    `lengths` says to believe Content-Length where a separator or the end follows. Mails over
    `max_bytes` have no content. Raises NotMbox.
    """
    window = _Window(read, start)
    window.skip_blank()
    while window.fill(_LINE):
        match = _SEPARATOR.match(window.data)
        if match is None:
            raise NotMbox(f"at byte {window.base} there is no line that begins a mail")
        separator, begin = bytes(match[0]), window.base
        window.drop(match.end())
        found = _by_length(window, max_bytes) if lengths else None
        content, size = found or _by_separator(window, max_bytes)
        yield Part(begin, separator, content, size)
        window.skip_blank()


class _Window:
    """What is in memory of the file: `data`, which begins at the offset `base`."""

    def __init__(self, read: Read, base: int) -> None:
        self._read = read
        self._ended = False
        self.base = base
        self.data = bytearray()

    def fill(self, size: int) -> bool:
        """Have so many bytes, or all there are; return whether there are any."""
        while len(self.data) < size and not self._ended:
            piece = self._read(self.base + len(self.data), PIECE_BYTES)
            self._ended = not piece
            self.data += piece
        return bool(self.data)

    def more(self) -> bool:
        """Have one more piece; return False at the end of the file."""
        size = len(self.data)
        self.fill(size + 1)
        return len(self.data) > size

    def drop(self, size: int) -> None:
        """Have no longer the first bytes."""
        del self.data[:size]
        self.base += size

    def skip_blank(self) -> None:
        """Go on behind empty lines."""
        while self.fill(1) and self.data[0] in b"\r\n":
            self.drop(len(self.data) - len(self.data.lstrip(b"\r\n")))


def _by_length(window: _Window, max_bytes: int) -> tuple[bytes | None, int] | None:
    """Return the mail as its Content-Length has it, None where that leads nowhere."""
    while (end := _HEADERS_END.search(window.data)) is None:
        if len(window.data) > min(PIECE_BYTES, max_bytes) or not window.more():
            return None
    told = _LENGTH.search(window.data, 0, end.end())
    if told is None:
        return None
    size = end.end() + int(told[1])
    if size > max_bytes:
        return None
    window.fill(size + _LINE)
    if len(window.data) < size:
        return None
    rest = bytes(window.data[size : size + _LINE]).lstrip(b"\r\n")
    if rest and not _SEPARATOR.match(rest):
        return None
    content = bytes(window.data[:size])
    window.drop(size)
    return content, size


def _by_separator(window: _Window, max_bytes: int) -> tuple[bytes | None, int]:
    """Return what stands before the next separator, without the empty line that belongs to it."""
    looked, gone = 0, 0
    while (match := _NEXT.search(window.data, looked)) is None:
        if not window.more():
            size = len(window.data)
            ending = re.search(rb"\n(\r?\n)\Z", bytes(window.data[-4:]))
            size -= len(ending[1]) if ending else 0
            content = None if gone or size > max_bytes else bytes(window.data[:size])
            window.drop(len(window.data))
            return content, gone + size
        looked = max(0, len(window.data) - PIECE_BYTES - _LINE)
        if len(window.data) > max_bytes + PIECE_BYTES + _LINE:
            surplus = looked
            window.drop(surplus)
            gone, looked = gone + surplus, 0
    size = match.start() + 1
    content = None if gone or size > max_bytes else bytes(window.data[:size])
    window.drop(match.end())
    return content, gone + size
