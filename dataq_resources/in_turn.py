"""Work that a thread of its own does, one thing after another, while whoever asked goes on."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


class InTurn:
    """Does what it is given in the order in which it is given it.

    After something went wrong nothing more is done, and every call raises what it was.
    """

    def __init__(self, name: str) -> None:
        self._thread = ThreadPoolExecutor(1, name, self._note)
        self._ident = 0
        self._last: Future[None] | None = None
        self._lock = threading.Lock()

    def is_here(self) -> bool:
        """Whether this is the thread itself."""
        return threading.get_ident() == self._ident

    def do(self, work: Callable[[T], object], given: T) -> None:
        """Has `work` done on `given` when all before is done."""
        with self._lock:
            if self._last is not None and self._last.done():
                self._last.result()
            self._last = self._thread.submit(self._do, self._last, work, given)

    def settle(self) -> None:
        """Returns when all that was given is done."""
        if self._last is not None:
            self._last.result()

    def close(self) -> None:
        """Ends the thread when all is done; raises nothing."""
        self._thread.shutdown()

    def _note(self) -> None:
        self._ident = threading.get_ident()

    @staticmethod
    def _do(before: Future[None] | None, work: Callable[[T], object], given: T) -> None:
        if before is not None:
            before.result()  # it is done: raises what went wrong with it
        work(given)
