"""Windows of time by which raw is partitioned: their labels, bounds and clusters. All UTC."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

Granularity = Literal["hourly", "daily", "monthly", "yearly"]

FORMATS: dict[Granularity, str] = {
    "hourly": "%Y-%m-%d-%H",
    "daily": "%Y-%m-%d",
    "monthly": "%Y-%m",
    "yearly": "%Y",
}
CRONS: dict[Granularity, str] = {
    "hourly": "0 * * * *",
    "daily": "0 0 * * *",
    "monthly": "0 0 1 * *",
    "yearly": "0 0 1 1 *",
}

# Each cut begins where the number of its windows stays one that Dagster's pages can show.
SINCE: dict[Granularity, str] = {
    "yearly": "1970-01-01",
    "monthly": "1970-01-01",
    "daily": "2000-01-01",
    "hourly": "2020-01-01",
}


@dataclass(frozen=True)
class Windowing:
    """How one source's time is cut: `first` is the start of the first window, Unix seconds."""

    granularity: Granularity
    first: int

    def label(self, time_us: int, now_us: int) -> str:
        """The window that files this time: the first for what is earlier, now's for the future."""
        seconds = min(max(time_us, self.first * 1_000_000), now_us) // 1_000_000
        return datetime.fromtimestamp(seconds, UTC).strftime(FORMATS[self.granularity])

    def bounds(self, label: str) -> tuple[int, int]:
        """Start and end of a window in Unix seconds, the end excluded."""
        start = datetime.strptime(label, FORMATS[self.granularity]).replace(tzinfo=UTC)
        return int(start.timestamp()), int(self.following(start).timestamp())

    def following(self, start: datetime) -> datetime:
        """The start of the next window."""
        match self.granularity:
            case "hourly":
                return start + timedelta(hours=1)
            case "daily":
                return start + timedelta(days=1)
            case "monthly":
                return (start + timedelta(days=32)).replace(day=1)
            case "yearly":
                return start.replace(year=start.year + 1)

    def labels(self, start: int, end: int, now: int) -> list[str]:
        """Every window that [start, end) touches, in Unix seconds, from `first` to `now`."""
        last = self.label(max(end - 1, start) * 1_000_000, now * 1_000_000)
        label = self.label(start * 1_000_000, now * 1_000_000)
        labels = [label]
        while label != last:
            label = self.label(self.bounds(label)[1] * 1_000_000, now * 1_000_000)
            labels.append(label)
        return labels

    def clusters(self, labels: Iterable[str], gap: int = 10) -> list[tuple[str, str]]:
        """First and last of each run of windows; up to `gap` unchanged ones between are bridged.

        A run records every window it spans, so far apart changes are cheaper as runs of their own.
        """
        out: list[tuple[str, str]] = []
        for label in sorted(set(labels)):
            if out and self._between(out[-1][1], label) <= gap:
                out[-1] = (out[-1][0], label)
            else:
                out.append((label, label))
        return out

    def _between(self, before: str, after: str) -> int:
        left, right = self.bounds(before)[1], self.bounds(after)[0]
        lengths = {"hourly": 3600, "daily": 86_400, "monthly": 2_629_746, "yearly": 31_556_952}
        return round((right - left) / lengths[self.granularity])


def windowing(granularity: Granularity, since: str | None = None) -> Windowing:
    """How a source's time is cut, from the date `since` (YYYY-MM-DD)."""
    first = datetime.strptime(since or SINCE[granularity], "%Y-%m-%d").replace(tzinfo=UTC)
    return Windowing(granularity, int(first.timestamp()))
