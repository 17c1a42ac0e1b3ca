"""Keeps to a quota: so many units a second, however many threads ask."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from dataq_plugins.sources.gmail.waiting import Stopped

SLOWER, FASTER_UNITS = 0.8, 0.02
LEAST = 0.1


class Limiter:
    """A bucket that may be overdrawn: who comes next waits until the debt is paid.

    So a batch that costs more than a second's units is one wait, and the rate is exact. After
    `refused` it goes slower, and back to its full rate little by little with what is `taken`.
    """

    def __init__(
        self, units_per_second: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._full = units_per_second
        self._rate = units_per_second
        self._clock = clock
        self._free_at = clock()
        self._lock = threading.Lock()

    @property
    def rate(self) -> float:
        """Units a second, as they are allowed now; 0 for any number."""
        return self._rate

    def take(self, units: float, stop: threading.Event) -> None:
        """Wait until these units may be used; raises Stopped."""
        if not self._full:
            return
        with self._lock:
            now = self._clock()
            begin = max(now, self._free_at)
            self._free_at = begin + units / self._rate
            self._rate = min(self._full, self._rate + self._full * FASTER_UNITS)
        if begin > now and stop.wait(begin - now):
            raise Stopped

    def refused(self) -> None:
        """Told that it was too fast."""
        with self._lock:
            self._rate = max(self._full * LEAST, self._rate * SLOWER)
