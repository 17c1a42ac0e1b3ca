"""From the counts that stages tell to one per cent of the whole, which never goes back."""

from __future__ import annotations

from collections.abc import Sequence
from threading import Lock

from dataq_resources.progress import Progress

ARCHIVING = ("raw", "items", "assets", "texts", "embeddings")
DELIVERING = ("destinations",)


class Meter:
    """Each stage is an equal part; one without a total is done when a later one begins."""

    def __init__(self, stages: Sequence[str]) -> None:
        self._stages = tuple(stages)
        self._counts: dict[tuple[str, str | None], Progress] = {}
        self._reached = -1
        self._percent = 0.0
        self._lock = Lock()

    @property
    def stage(self) -> str:
        """The last stage that has begun."""
        return self._stages[self._reached] if self._reached >= 0 else ""

    @property
    def percent(self) -> float:
        """Of the whole; under 100 until the end is told by somebody else."""
        return self._percent

    def count(self, stage: str) -> int:
        """What a stage has done so far."""
        with self._lock:
            return sum(each.done for (name, _), each in self._counts.items() if name == stage)

    def hear(self, progress: Progress) -> None:
        """Takes in how far one piece of work has come; any thread may."""
        if progress.stage not in self._stages:
            return
        with self._lock:
            self._counts[progress.stage, progress.source] = progress
            self._reached = max(self._reached, self._stages.index(progress.stage))
            share = sum(map(self._fraction, range(len(self._stages)))) / len(self._stages)
            self._percent = max(self._percent, min(99.9, round(100 * share, 1)))

    def _fraction(self, number: int) -> float:
        if number < self._reached:
            return 1.0
        name = self._stages[number]
        known = [each for (stage, _), each in self._counts.items() if stage == name]
        total = sum(each.total or 0 for each in known)
        if not total or any(each.total is None for each in known):
            return 0.0
        return min(1.0, sum(each.done for each in known) / total)
