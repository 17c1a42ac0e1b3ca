"""Stops a question that takes too long; the time that its reader takes does not count."""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Timer

GRACE_SECONDS = 2.0


class Stopwatch:
    """Runs while it is entered; calls `interrupt` after `seconds`, `stuck` if that does not help.

    Some of DuckDB's functions do not look whether they were interrupted until they are done.
    """

    def __init__(
        self, seconds: float, interrupt: Callable[[], None], stuck: Callable[[], None] | None
    ) -> None:
        self.expired = False
        self._left = seconds
        self._interrupt = interrupt
        self._stuck = stuck
        self._timers: list[Timer] = []
        self._since = 0.0

    def __enter__(self) -> None:
        self._since = time.monotonic()
        self._timers = [self._timer(self._left, self._expire)]
        if self._stuck:
            self._timers.append(self._timer(self._left + GRACE_SECONDS, self._stuck))

    def __exit__(self, *_: object) -> None:
        for timer in self._timers:
            timer.cancel()
        self._left = max(0.0, self._left - (time.monotonic() - self._since))

    def _expire(self) -> None:
        self.expired = True
        self._interrupt()

    @staticmethod
    def _timer(seconds: float, function: Callable[[], None]) -> Timer:
        timer = Timer(seconds, function)
        timer.daemon = True
        timer.start()
        return timer
