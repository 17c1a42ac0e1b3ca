"""Keeps away from a receiver that fails, and finds out by single tries when it works again."""

from __future__ import annotations

import time
from collections.abc import Callable


class Breaker:
    """Closed: send. Open after `failures` in a row: wait `seconds`. Half open: one try decides."""

    def __init__(
        self, failures: int, seconds: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._most = failures
        self._seconds = seconds
        self._clock = clock
        self._failures = 0
        self._open_until: float | None = None

    @property
    def is_closed(self) -> bool:
        """Whether a failure is followed by another try of the same delivery."""
        return self._open_until is None

    def wait(self) -> float:
        """Seconds until the next try is allowed."""
        return 0 if self._open_until is None else max(0, self._open_until - self._clock())

    def succeeded(self) -> None:
        """The receiver answered as one that works."""
        self._failures, self._open_until = 0, None

    def failed(self) -> None:
        """It did not."""
        self._failures += 1
        if self._failures >= self._most:
            self._open_until = self._clock() + self._seconds
