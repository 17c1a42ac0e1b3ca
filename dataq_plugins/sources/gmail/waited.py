"""Work in threads, and signs of life while it is waited for: the host takes silence for the end."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Generator
from concurrent.futures import Future
from typing import Generic, TypeVar

from dataq_plugins.sdk import Log
from dataq_plugins.sources.gmail.waiting import Stopped

ALIVE_SECONDS = 10.0
T = TypeVar("T")


def begun(work: Callable[[], T]) -> Future[T]:
    """Begin work in a thread that does not keep the process from ending."""
    future: Future[T] = Future()

    def run() -> None:
        try:
            future.set_result(work())
        except BaseException as error:  # noqa: BLE001 (whoever waits is told)
            future.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    return future


def waited(what: str, work: Callable[[], T]) -> Generator[Log, None, T]:
    """Yield a line now and then while work is done; return or raise what it does."""
    future = begun(work)
    since = time.monotonic()
    while True:
        try:
            return future.result(ALIVE_SECONDS)
        except TimeoutError:
            if future.done():  # it is the work's own
                raise
            yield Log(f"{what}: {time.monotonic() - since:.0f} s so far", "debug")


class Belt(Generic[T]):
    """What threads have brought and nobody has taken yet: `most_bytes`, and never less than one."""

    def __init__(self, most_bytes: int) -> None:
        self._most = most_bytes
        self._things: deque[tuple[T, int]] = deque()
        self._bytes = 0
        self._closed = False
        self._changed = threading.Condition()

    def put(self, thing: T, size: int) -> None:
        """Wait until there is room, then put it there; raises Stopped after `close`."""
        with self._changed:
            while self._things and self._bytes + size > self._most and not self._closed:
                self._changed.wait()
            if self._closed:
                raise Stopped
            self._things.append((thing, size))
            self._bytes += size
            self._changed.notify_all()

    def get(self, seconds: float) -> list[T]:
        """Return all that is there, waiting up to `seconds` for the first."""
        with self._changed:
            if not self._things:
                self._changed.wait(seconds)
            found = [thing for thing, _ in self._things]
            self._things.clear()
            self._bytes = 0
            self._changed.notify_all()
            return found

    def close(self) -> None:
        """Nobody takes anything any more."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
