"""The usual pool of workers, started before a step asks for it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from contextlib import suppress
from typing import TypeVar

from dataq_analyzers.errors import PoolBroken
from dataq_analyzers.pool import Pool

T = TypeVar("T")


def key_of(pool: Pool) -> Hashable:
    """What pools that may stand for one another have in common."""
    return "pool", pool.workers, pool.item_seconds, pool.item_memory


KEY = key_of(Pool())


class EarlyPool:
    """Workers that start now, each of which runs `function` on `task` for what that loads."""

    def __init__(self, function: Callable[[T], object], task: T) -> None:
        self._pool = Pool()
        self._starting = threading.Thread(target=self._start, args=(function, task), daemon=True)
        self._starting.start()

    def ready(self) -> Pool:
        """The pool when its workers are ready, from now on the caller's."""
        self._starting.join()
        return self._pool

    def close(self) -> None:
        """End the workers."""
        self._pool.close()

    def _start(self, function: Callable[[T], object], task: T) -> None:
        # Closed before it was ready, or it cannot start: then the step that needs one will say so.
        with suppress(PoolBroken, ValueError, OSError):
            self._pool.warm(function, task)
