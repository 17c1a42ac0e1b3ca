"""Says when the state is worth sending: it holds every mail, so not after each one."""

from __future__ import annotations

import time

from dataq_plugins.sdk import State
from dataq_plugins.sources.imap.known import Known, pack

MAILS = 2_000
SECONDS = 10.0
MOST_OF_THE_TIME = 20
"""Packing a state may take one part in so many of the time."""


class Progress:
    """What was sent, and how much of that no state covers yet."""

    def __init__(self, known: Known, user: str) -> None:
        self.known = known
        self._user = user
        self._uncovered = 0
        self._last = time.monotonic()
        self._cost = 0.0

    def note(self) -> None:
        """One more mail or deletion was sent."""
        self._uncovered += 1

    @property
    def has_news(self) -> bool:
        """Whether anything was sent that no state covers."""
        return self._uncovered > 0

    def due(self) -> bool:
        """Return whether so much was sent since the last state that losing it would hurt."""
        if not self._uncovered:
            return False
        elapsed = time.monotonic() - self._last
        enough = self._uncovered >= MAILS or elapsed >= SECONDS
        return enough and elapsed >= MOST_OF_THE_TIME * self._cost

    def state(self) -> State:
        """Return the state as it is now."""
        start = time.monotonic()
        value = pack(self.known, self._user)
        self._last = time.monotonic()
        self._cost = self._last - start
        self._uncovered = 0
        return State(value)
