"""Counts how many changes fall into each calendar window."""

from __future__ import annotations

from bisect import bisect_right

from dataq_plugins.sdk import Granularity, Window, window_around


class Windows:
    """The windows that hold a time, each with how often; a window is worked out once."""

    def __init__(self, granularity: Granularity) -> None:
        self._granularity = granularity
        self._starts: list[int] = []
        self._ends: list[int] = []
        self._counts: list[int] = []

    def add(self, seconds: int) -> None:
        """Count one change at a Unix time."""
        at = bisect_right(self._starts, seconds) - 1
        if at < 0 or seconds >= self._ends[at]:
            at += 1
            window = window_around(seconds, self._granularity)
            self._starts.insert(at, window.start)
            self._ends.insert(at, window.end)
            self._counts.insert(at, 0)
        self._counts[at] += 1

    def changed(self) -> list[Window]:
        """Return the windows that hold at least one change, in order."""
        return list(map(Window, self._starts, self._ends, self._counts))
