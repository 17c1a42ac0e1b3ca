"""HTTP/1.1 on loopback, a thread a connection: kept alive, counted, and broken on demand."""

from __future__ import annotations

import socket
import struct
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from email.utils import formatdate
from typing import BinaryIO

from tests.emulators.gmail.batches import STATUS
from tests.emulators.gmail.calls import Answer

Handle = Callable[[str, str, dict[str, str], bytes], Answer]
WAITS = 2.0  # seconds, for threads in a hook, which may wait for who stops the server
MOST_BODY = 50_000_000
NOW_RESET = struct.pack("ii", 1, 0)  # SO_LINGER of no time: closing sends RST


class Wire:
    """Listens from when it is made until `close`. `connections` counts all that were accepted."""

    def __init__(self, handle: Handle, port: int = 0) -> None:
        self._handle = handle
        self._listener = socket.create_server(("127.0.0.1", port))
        self.port: int = self._listener.getsockname()[1]
        self.connections = 0
        self.is_closed = False
        self._open: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._ending = threading.Event()
        self._accepting = threading.Thread(target=self._accept, daemon=True)
        self._accepting.start()

    def close(self) -> None:
        """Ends all connections, also those that stall."""
        self._ending.set()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)  # wakes who waits in accept
        self._listener.close()
        self._accepting.join()
        for each in list(self._open):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        end = time.monotonic() + WAITS
        for thread in self._threads:
            if thread is not threading.current_thread():  # a hook may have stopped it
                thread.join(timeout=max(0.0, end - time.monotonic()))
        self.is_closed = True

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                near.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self.connections += 1
                self._open.add(near)
                thread = threading.Thread(target=self._serve, args=(near,), daemon=True)
                self._threads = [each for each in self._threads if each.is_alive()] + [thread]
                thread.start()

    def _serve(self, near: socket.socket) -> None:
        with suppress(OSError, ValueError), near.makefile("rb", 65_536) as lines:
            while self._one(near, lines):
                pass
        self._open.discard(near)
        with suppress(OSError):
            near.close()

    def _one(self, near: socket.socket, lines: BinaryIO) -> bool:
        """One request and its answer; whether the connection stays."""
        first = lines.readline(65_537).decode("latin-1").split()
        if len(first) != 3:
            return False
        headers: dict[str, str] = {}
        while line := lines.readline(65_537).strip():
            name, _, value = line.decode("latin-1").partition(":")
            headers[name.strip().lower()] = value.strip()
        size = int(headers.get("content-length", "0"))
        if size > MOST_BODY or "transfer-encoding" in headers:
            return self._send(near, Answer(413), closes=True)
        if headers.get("expect", "").lower() == "100-continue":
            near.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        answer = self._handle(first[0], first[1], headers, lines.read(size))
        closes = headers.get("connection", "").lower() == "close" or first[2] == "HTTP/1.0"
        return self._send(near, answer, closes)

    def _send(self, near: socket.socket, answer: Answer, closes: bool) -> bool:
        head = [f"HTTP/1.1 {answer.status} {STATUS.get(answer.status, 'Unknown')}"]
        head += [f"Content-Type: {answer.kind}", f"Date: {formatdate(usegmt=True)}"]
        head += ["Server: ESF", "Cache-Control: private", "X-Content-Type-Options: nosniff"]
        head += [f"{name}: {value}" for name, value in answer.headers]
        head += [f"Content-Length: {len(answer.body)}"]
        head += ["Connection: close"] if closes else []
        top, half = "\r\n".join([*head, "", ""]).encode(), answer.body[: len(answer.body) // 2]
        if answer.wire in {"reset", "drop"}:
            return self._reset(near)
        if answer.wire == "stall":
            return self._wait(answer.seconds) and self._send(near, _sound(answer), closes)
        if answer.wire == "reset-body":
            near.sendall(top + half)
            return self._reset(near)
        if answer.wire == "short":
            near.sendall(top + half)
            return False
        if answer.wire == "stall-body":
            near.sendall(top + half)
            if self._wait(answer.seconds):
                near.sendall(answer.body[len(half) :])
            return not closes
        if answer.wire == "slow":
            return self._drip(near, top + answer.body, answer.seconds or 1.0) and not closes
        near.sendall(top + answer.body)
        return not closes and answer.wire != "hangup"

    def _reset(self, near: socket.socket) -> bool:
        # Given to who reads before the RST makes its end forget it.
        time.sleep(0.02)
        near.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NOW_RESET)
        return False

    def _wait(self, seconds: float | None) -> bool:
        """Stands still, for ever if None; whether there is still somebody to answer."""
        self._ending.wait(seconds)
        return not self._ending.is_set()

    def _drip(self, near: socket.socket, content: bytes, seconds: float) -> bool:
        size = len(content) // 20 + 1
        begins = range(0, len(content), size)
        for begin in begins:
            near.sendall(content[begin : begin + size])
            if not self._wait(seconds / len(begins)):
                return False
        return True


def _sound(answer: Answer) -> Answer:
    return Answer(answer.status, answer.body, answer.kind, answer.headers)
