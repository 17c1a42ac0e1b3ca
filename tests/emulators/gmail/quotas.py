"""Quota units: a bucket for each user and one for the project, filled all the time."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from tests.emulators.gmail.calls import Call
from tests.emulators.gmail.errors import Refused, refusal

UNITS = {
    "getProfile": 1,
    "labels.list": 1,
    "labels.get": 1,
    "messages.list": 5,
    "messages.get": 5,
    "attachments.get": 5,
    "history.list": 2,
}


@dataclass
class Quota:
    """Units a second, for a user and for all; a bucket holds `burst` seconds of them.

    15,000 units a minute are 250 a second with a `burst` of 60. What is refused costs nothing.
    `parallel` is how many calls of a user may be under way at once, as all parts of a batch are:
    Gmail does not say, but was seen to refuse parts of batches of 100, then of 50, and not of 25.
    Which parts of a batch are refused has nothing to do with their order.
    With `retry_after` a refusal says in that header when to come again, in whole seconds.
    """

    user_units: float = 250.0
    project_units: float = 20_000.0
    burst: float = 1.0
    parallel: int | None = None
    retry_after: bool = False
    _buckets: dict[str, tuple[float, float]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def spend(self, call: Call, under_way: int) -> None:
        """Takes the call's units, or refuses: 429 for the user's own, 403 for the project's."""
        if self.parallel is not None and under_way > self.parallel:
            raise Refused(429, "Too many concurrent requests for user.", "rateLimitExceeded")
        units, now = UNITS.get(call.method, 0), time.monotonic()
        with self._lock:
            user = self._level(call.user, self.user_units, now)
            project = self._level("", self.project_units, now)
            if user < units:
                raise self._too_much(429, (units - user) / self.user_units)
            if project < units:
                raise self._too_much(403, (units - project) / self.project_units)
            self._buckets[call.user] = (user - units, now)
            self._buckets[""] = (project - units, now)

    def _level(self, name: str, rate: float, now: float) -> float:
        level, then = self._buckets.get(name, (rate * self.burst, now))
        return min(rate * self.burst, level + (now - then) * rate)

    def _too_much(self, code: int, seconds: float) -> Refused:
        refused = refusal(code, "rateLimitExceeded")
        if code == 429:
            when = datetime.now(UTC) + timedelta(seconds=seconds)
            refused.message = f"User-rate limit exceeded.  Retry after {when:%Y-%m-%dT%H:%M:%S}Z"
        if self.retry_after:
            refused.headers = (("Retry-After", str(int(seconds) + 1)),)
        return refused
