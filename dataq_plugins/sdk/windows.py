"""The calendar windows that items are filed in, and how many changes fall into each."""

from __future__ import annotations

from bisect import bisect_right
from datetime import UTC, datetime, timedelta

from dataq_plugins.sdk.plugin import Granularity, Window


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


def window_around(seconds: float, granularity: Granularity) -> Window:
    """Return the UTC hour, day, month or year that holds a Unix time of the years 1 to 9998."""
    if granularity in ("hourly", "daily"):
        step = 3600 if granularity == "hourly" else 86400
        start = int(seconds // step) * step
        return Window(start, start + step)
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
    month = moment.month if granularity == "monthly" else 1
    first = datetime(moment.year, month, 1, tzinfo=UTC)
    last = granularity == "yearly" or month == 12
    after = datetime(first.year + 1, 1, 1, tzinfo=UTC) if last else first.replace(month=month + 1)
    return Window(int(first.timestamp()), int(after.timestamp()))
