"""How long to wait before the next try, and when to give up."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from dataq_plugins.network.backoff import backoff
from dataq_plugins.sdk import Unreachable

FIRST_SECONDS, MOST_SECONDS = 0.5, 32.0


class Stopped(Exception):
    """Nobody waits for the answer any more."""


class Pauses:
    """The waits of one request that is tried again and again; ended by `stop`."""

    def __init__(
        self,
        patience_seconds: float,
        stop: threading.Event,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._patience = patience_seconds
        self._stop = stop
        self._clock = clock
        self._begun = clock()
        self._tries = 0

    def progress(self) -> None:
        """Some of it was answered: patience begins anew."""
        self._begun = self._clock()
        self._tries = 0

    def wait(self, reason: str, asked_seconds: float = 0.0) -> None:
        """Wait, at least as long as the server asks; raises Unreachable, Stopped."""
        self._tries += 1
        seconds = max(asked_seconds, jittered(self._tries))
        if self._clock() - self._begun + seconds > self._patience:
            asks = f", and asks to wait {asked_seconds:g} s" if asked_seconds else ""
            raise Unreachable(
                f"Gmail gives no answer after {self._tries} tries ({reason}{asks}): "
                "run again later; what was taken is kept"
            )
        if self._stop.wait(seconds):
            raise Stopped


def jittered(tries: int) -> float:
    """Return seconds before the next try: a random part of what doubles with each one."""
    return backoff(tries, FIRST_SECONDS, MOST_SECONDS)
