"""Bytes to and from the server: responses with their literals, each bounded in time and size."""

from __future__ import annotations

import io
import select
import socket
import ssl
import time
from dataclasses import dataclass

from dataq_plugins.sources.imap.errors import Broken, Lost

BUFFER_BYTES = 256 << 10
LINE_BYTES = 4 << 20
"""Of one response, without its literals."""
LITERAL_BYTES = 16 << 20
"""A longer literal is read past, and not kept."""
LITERALS = 1_000


@dataclass(frozen=True, slots=True)
class TooLong:
    """In the place of a literal that was not kept."""

    size: int


Part = bytes | TooLong
"""The parts of a response: text, literal, text, literal, …, text."""


class Wire:
    """One socket; every method raises Lost where the other side is gone or silent."""

    def __init__(self, peer: socket.socket, pass_over: int) -> None:
        """Of literals that are not kept, up to `pass_over` bytes are read."""
        self.socket = peer
        self._pass_over = pass_over
        self._file = self._buffered()

    def take_over(self, peer: socket.socket) -> None:
        """Go on over another socket; what was read ahead from the first is forgotten."""
        self.socket = peer
        self._file = self._buffered()

    def write(self, data: bytes) -> None:
        """Send all of it."""
        try:
            self.socket.sendall(data)
        except OSError as error:
            raise Lost(_reason(error)) from None

    def read(self) -> list[Part]:
        """Return the next response, in parts."""
        parts: list[Part] = []
        left = LINE_BYTES
        while True:
            line = self._line(left)
            left -= len(line)
            size = _announced(line)
            if size is None:
                parts.append(line.rstrip(b"\r\n"))
                return parts
            if len(parts) >= 2 * LITERALS:
                raise Broken("a response has too many literals")
            parts += (line[: line.rindex(b"{")], self._literal(size))

    def wait(self, seconds: float) -> bool:
        """Return whether a response begins within so many seconds, or the other side ends."""
        until = time.monotonic() + seconds
        ready = select.poll()
        ready.register(self.socket, select.POLLIN)
        arrived = False
        while True:
            if self._has_data(arrived):
                return True
            left = until - time.monotonic()
            if left <= 0:
                return False
            arrived = bool(ready.poll(left * 1000))

    def _has_data(self, arrived: bool) -> bool:
        """Return whether something can be read; what `arrived` may be of no more use than TLS's."""
        timeout = self.socket.gettimeout()
        self.socket.settimeout(0)
        try:
            return bool(self._file.peek(1)) or arrived
        except (BlockingIOError, ssl.SSLWantReadError):
            return False
        except (OSError, ValueError) as error:
            raise Lost(_reason(error)) from None
        finally:
            self.socket.settimeout(timeout)

    def close(self) -> None:
        """Close it, whatever state it is in."""
        try:
            self._file.close()
        finally:
            self.socket.close()

    def _buffered(self) -> io.BufferedReader:
        return io.BufferedReader(socket.SocketIO(self.socket, "r"), BUFFER_BYTES)

    def _line(self, most: int) -> bytes:
        try:
            line = self._file.readline(most + 1)
        except (OSError, ValueError) as error:
            raise Lost(_reason(error)) from None
        if line.endswith(b"\n"):
            return line
        if len(line) > most:
            raise Broken(f"a response is longer than {LINE_BYTES:,} bytes")
        raise Lost("the server closed the connection")

    def _literal(self, size: int) -> Part:
        if size <= LITERAL_BYTES:
            return self._exactly(size)
        if size > self._pass_over:
            raise Broken(f"a literal of {size:,} bytes")
        left = size
        while left:
            left -= len(self._exactly(min(left, BUFFER_BYTES)))
        return TooLong(size)

    def _exactly(self, size: int) -> bytes:
        try:
            data = self._file.read(size)
        except (OSError, ValueError) as error:
            raise Lost(_reason(error)) from None
        if len(data) < size:
            raise Lost("the server closed the connection")
        return data


def _announced(line: bytes) -> int | None:
    """Return the size of the literal that a line ends with the announcement of, if it does."""
    if not line.endswith((b"}\r\n", b"}\n")):
        return None
    digits = line.rstrip(b"\r\n")[:-1].rpartition(b"{")[2].removesuffix(b"+")
    return int(digits) if digits.isdigit() and len(digits) < 20 else None


def _reason(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "the server says nothing"
    text = getattr(error, "strerror", None) or str(error)
    return " ".join(str(text).split()) or type(error).__name__
