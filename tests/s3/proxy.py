"""A bad line to a server: it waits before each piece, breaks off, loses an answer, or is down."""

from __future__ import annotations

import random
import socket
import threading
import time
from contextlib import suppress

PIECE = 16_384


class BadLine:
    """Forwards TCP from a port of its own; one answer in `every` is torn in its middle."""

    def __init__(
        self, port: int, delay: float = 0.0, every: int = 0, seed: int = 7, own: int = 0
    ) -> None:
        self._to, self._delay, self._every = port, delay, every
        self._chance = random.Random(seed)
        self._listener = socket.create_server(("127.0.0.1", own))
        self.port = self._listener.getsockname()[1]
        self.torn = 0
        self.lost = 0
        self._to_lose = b""
        self._kept: list[slice] = []
        self._down = False
        self._open: set[socket.socket] = set()
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Ends the line and all that goes over it; who comes is refused."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)  # wakes who waits in accept
        self._listener.close()
        self._break()

    def down(self, is_down: bool) -> None:
        """Takes the line down, or up again: what goes over it breaks, and what comes is closed."""
        self._down = is_down
        if is_down:
            self._break()

    def lose(self, request: bytes, *kept: slice) -> None:
        """Passes on only what is `kept` of the answer to the next request that begins so.

        Of several, each is for one such request more. The server has obeyed it by then.
        """
        self._to_lose, self._kept = request, list(kept)

    def _break(self) -> None:
        for each in tuple(self._open):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                if self._down:
                    near.close()
                    continue
                far = socket.create_connection(("127.0.0.1", self._to))
                self._open |= {near, far}
                asked = threading.Event()
                for source, target, answers in ((near, far, False), (far, near, True)):
                    line = (source, target, answers, asked)
                    threading.Thread(target=self._forward, args=line, daemon=True).start()

    def _forward(
        self, source: socket.socket, target: socket.socket, answers: bool, asked: threading.Event
    ) -> None:
        """One direction of a connection; `asked` once its answer is to be lost."""
        with suppress(OSError):
            while piece := source.recv(PIECE):
                time.sleep(self._delay)
                if not answers and self._kept and piece.startswith(self._to_lose):
                    asked.set()
                if answers and asked.is_set():
                    self.lost += 1
                    target.sendall(piece[self._kept.pop(0)])
                    break
                if answers and self._every and self._chance.randrange(self._every) == 0:
                    self.torn += 1
                    target.sendall(piece[: len(piece) // 2])
                    break
                target.sendall(piece)
        for each in (source, target):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()
            self._open.discard(each)
