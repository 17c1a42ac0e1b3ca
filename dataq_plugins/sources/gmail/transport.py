"""Requests over connections that are kept, whole or read piece by piece.

The standard library's client: Google's own (httplib2) holds each answer several times, and a batch
of a hundred mails may be a gigabyte.
"""

from __future__ import annotations

import socket
import ssl
import threading
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from typing import NamedTuple
from urllib.parse import urlsplit

from dataq_plugins.network.connection import is_dropped, reason

ANSWER_BYTES = 64 << 20
"""More than any page of ids or of history."""


class NoAnswer(Exception):
    """Nothing, or only a part of an answer came: try again."""


class Answer(NamedTuple):
    """A whole answer; the names of headers are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Stream:
    """An answer whose body is still to be read."""

    def __init__(self, response: HTTPResponse) -> None:
        self.status = response.status
        self.headers = {name.lower(): value for name, value in response.headers.items()}
        self.is_read = False
        self._response = response

    def pieces(self, size: int = 1 << 16) -> Iterator[bytes]:
        """Yield the body; raises NoAnswer where it breaks off."""
        response = self._response
        zipped = self.headers.get("content-encoding") in ("gzip", "deflate")
        unzip = zlib.decompressobj(zlib.MAX_WBITS | 32).decompress if zipped else None
        while True:
            with _answering():
                piece = response.read1(size)
                if not piece:
                    break
                opened = unzip(piece) if unzip else piece
            yield opened
        # read1 says nothing of a body that ended before its length.
        if response.length:
            raise NoAnswer("the answer broke off")
        response.close()
        self.is_read = not response.will_close

    def close(self) -> None:
        """Give up what was not read: the connection alone would not be closed by its end."""
        self._response.close()


class Transport:
    """Connections by server; what is not in use is kept for the next request of any thread."""

    def __init__(self, timeout_seconds: float) -> None:
        self._timeout = timeout_seconds
        self._idle: dict[tuple[str, str], list[HTTPConnection]] = {}
        self._lock = threading.Lock()
        self._busy: set[HTTPConnection] = set()
        self._closed = False
        self._context: ssl.SSLContext | None = None

    def send(
        self, method: str, url: str, body: bytes | None = None, headers: Mapping[str, str] = {}
    ) -> Answer:
        """Return the answer, whatever it says; raises NoAnswer. No redirect is followed."""
        with self.stream(method, url, body, headers) as stream:
            pieces = []
            size = 0
            for piece in stream.pieces():
                pieces.append(piece)
                size += len(piece)
                if size > ANSWER_BYTES:
                    raise NoAnswer(f"the answer has over {ANSWER_BYTES:,} bytes")
            return Answer(stream.status, stream.headers, b"".join(pieces))

    @contextmanager
    def stream(
        self, method: str, url: str, body: bytes | None = None, headers: Mapping[str, str] = {}
    ) -> Iterator[Stream]:
        """The answer as it arrives; its connection is kept only if all of it was read."""
        parts = urlsplit(url)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        server = (parts.scheme, parts.netloc)
        connection = self._taken(server)
        stream: Stream | None = None
        try:
            with _answering():
                connection.request(method, target, body, dict(headers))
                stream = Stream(connection.getresponse())
            yield stream
        finally:
            if stream is not None and stream.is_read:
                self._returned(server, connection)
            else:
                if stream is not None:
                    stream.close()
                self._dropped(connection)

    def interrupt(self) -> None:
        """End the requests that are under way, whoever waits for them."""
        with self._lock:
            busy = list(self._busy)
        for connection in busy:
            with suppress(OSError):
                if connection.sock:
                    connection.sock.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """End those requests, and close what was kept."""
        self.interrupt()
        with self._lock:
            self._closed = True
            idle = [each for kept in self._idle.values() for each in kept]
            self._idle.clear()
        for connection in idle:
            connection.close()

    def _taken(self, server: tuple[str, str]) -> HTTPConnection:
        with self._lock:
            idle = self._idle.setdefault(server, [])
            while idle:
                connection = idle.pop()
                if connection.sock and not is_dropped(connection.sock):
                    break
                connection.close()
            else:
                connection = self._made(*server)
            self._busy.add(connection)
            return connection

    def _returned(self, server: tuple[str, str], connection: HTTPConnection) -> None:
        with self._lock:
            self._busy.discard(connection)
            if not self._closed:
                self._idle.setdefault(server, []).append(connection)
                return
        connection.close()

    def _dropped(self, connection: HTTPConnection) -> None:
        with self._lock:
            self._busy.discard(connection)
        connection.close()

    def _made(self, scheme: str, netloc: str) -> HTTPConnection:
        if scheme != "https":
            return HTTPConnection(netloc, timeout=self._timeout)
        self._context = self._context or ssl.create_default_context()
        return HTTPSConnection(netloc, timeout=self._timeout, context=self._context)


@contextmanager
def _answering() -> Iterator[None]:
    """What goes wrong on the way, as NoAnswer."""
    try:
        yield
    except (HTTPException, OSError, ValueError, zlib.error) as error:
        raise NoAnswer(reason(error)) from error
