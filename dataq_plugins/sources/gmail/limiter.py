"""Keeps to a quota: so many units a second, however many threads ask."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from dataq_plugins.sources.gmail.waiting import Stopped

SLOWER, FASTER = 0.8, 0.02
LEAST = 0.1
CATCH_UP_SECONDS = 0.1
LOOK_SECONDS = 0.1


class Limiter:
    """A bucket that may be overdrawn: who comes next waits until the debt is paid.

    So a batch that costs more than a second's units is one wait, and the rate is exact. After
    `slower` it goes slower, and back to its full rate little by little with what is `taken`.
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
        while self._full and (wait := self._try(units)) > 0:
            if stop.wait(min(wait, LOOK_SECONDS)):
                raise Stopped

    def give_back(self, units: float) -> None:
        """Told that these were refused, and so not used."""
        if self._full:
            with self._lock:
                self._free_at -= units / self._rate

    def slower(self) -> None:
        """Told that the rate itself is too high: somebody else uses the same quota."""
        with self._lock:
            self._rate = max(self._full * LEAST, self._rate * SLOWER)

    def _try(self, units: float) -> float:
        """Take the units, or return how many seconds to wait before."""
        with self._lock:
            now = self._clock()
            if self._free_at > now:
                return self._free_at - now
            # Who comes a little late may catch up, or every delay would lower the rate.
            begin = max(self._free_at, now - CATCH_UP_SECONDS)
            self._free_at = begin + units / self._rate
            self._rate = min(self._full, self._rate + self._full * FASTER)
            return 0.0
