"""Says when the state is worth sending: it holds everything sent, so not after each item."""

from __future__ import annotations

import time
from collections.abc import Callable

from dataq_plugins.sdk.plugin import State

SECONDS = 10.0
MOST_OF_THE_TIME = 20
"""Packing a state may take one part in so many of the time."""


class Saver:
    """Counts what the last state does not cover yet; after `most` items one is due."""

    def __init__(self, pack: Callable[[], bytes], most: int) -> None:
        self._pack = pack
        self._most = most
        self._uncovered = 0
        self._last = time.monotonic()
        self._cost = 0.0

    def note(self) -> None:
        """One more item was sent."""
        self._uncovered += 1

    def due(self) -> bool:
        """Return whether so much was sent since the last state that losing it would hurt."""
        if not self._uncovered:
            return False
        elapsed = time.monotonic() - self._last
        enough = self._uncovered >= self._most or elapsed >= SECONDS
        return enough and elapsed >= MOST_OF_THE_TIME * self._cost

    def anything(self) -> bool:
        """Return whether something is not covered by a state yet."""
        return self._uncovered > 0

    def state(self) -> State:
        """Return the state as it is now."""
        start = time.monotonic()
        value = self._pack()
        self._last = time.monotonic()
        self._cost = self._last - start
        self._uncovered = 0
        return State(value)
