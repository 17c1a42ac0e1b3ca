"""The usual pool of workers, started before a step asks for it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from contextlib import suppress
from functools import partial
from typing import TypeVar

from dataq_analyzers.pool import Pool

T = TypeVar("T")


def key_of(pool: Pool) -> Hashable:
    """What pools that may stand for one another have in common."""
    return "pool", pool.workers, pool.item_seconds, pool.item_memory


KEY = key_of(Pool())


class EarlyPool:
    """One worker that starts now and runs `function` on `task` for what that loads, then others."""

    def __init__(self, function: Callable[[T], object], task: T) -> None:
        self._pool = Pool()
        self._warm = partial(self._pool.warm, function, task)
        self._lock = threading.Lock()
        self._grown = False
        self._first = self._starting()

    def grow(self) -> None:
        """Start all workers that there may be: there is enough to do for them."""
        with self._lock:
            if self._grown:
                return
            self._grown = True
        for _ in range(1, self._pool.workers):
            self._starting()

    def ready(self) -> Pool:
        """The pool when its first worker is ready, from now on the caller's."""
        self._first.join()
        return self._pool

    def close(self) -> None:
        """End the workers."""
        self._pool.close()

    def _starting(self) -> threading.Thread:
        thread = threading.Thread(target=self._start, daemon=True)
        thread.start()
        return thread

    def _start(self) -> None:
        # Closed before it was ready, or it cannot start: then the step that needs one will say so.
        with suppress(ValueError, OSError):
            self._warm()
