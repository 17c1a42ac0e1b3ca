"""A server that is away for a second, while the test that needs it goes on."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

AWAY_SECONDS = 1.0


class Server(Protocol):
    def start(self) -> None: ...
    def stop(self) -> None: ...


class Outage:
    """Stops a server when it begins, and starts it again from a thread of its own."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._come_back)

    def begin(self) -> None:
        self._server.stop()
        self._thread.start()

    def _come_back(self) -> None:
        time.sleep(AWAY_SECONDS)
        self._server.start()
        self._over.wait()  # the server ends with the thread that has started it

    def end(self) -> None:
        """The server runs on, now as a child of who calls this."""
        if self._thread.ident is not None:
            self._server.stop()
            self._over.set()
            self._thread.join()
            self._server.start()


@contextmanager
def outage(server: Server) -> Iterator[Outage]:
    """An outage that is to begin once, and is over after the block."""
    made = Outage(server)
    try:
        yield made
    finally:
        made.end()
