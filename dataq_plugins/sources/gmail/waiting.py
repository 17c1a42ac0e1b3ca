"""How long to wait before the next try, and when to give up."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

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
    longest = min(MOST_SECONDS, FIRST_SECONDS * 2 ** min(tries - 1, 16))
    return random.uniform(0, longest)  # noqa: S311


def retry_after(value: str | None, now: datetime | None = None) -> float:
    """Return the seconds that a Retry-After asks for, as a number or a date; 0 if none.

    RFC 9110, 10.2.3.
    """
    if not value:
        return 0.0
    if value.strip().isdecimal():
        return float(value)
    try:
        until = parsedate_to_datetime(value)
    except ValueError:
        return 0.0
    if until.tzinfo is None:
        until = until.replace(tzinfo=UTC)
    return max(0.0, (until - (now or datetime.now(UTC))).total_seconds())
