"""One time that a job is done, as it stands."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

State = Literal["queued", "running", "completed", "failed", "stopped"]
OPEN = ("queued", "running")
Stopping = Literal["", "asked", "terminated", "killed"]
STOPPED: dict[str, str] = {
    "": "somebody stopped it",
    "asked": "somebody stopped it",
    "terminated": "somebody stopped it, and it had to be terminated",
    "killed": "somebody stopped it, and it had to be killed",
}
"""What is told of a task that was stopped, by how far that had to go."""


@dataclass(frozen=True)
class Task:
    """Times are Unix seconds; `percent` never goes back; `items` and `bytes` are of the sources.

    `rows` are those that destinations took. `stopping` is how far somebody who stops it has gone,
    since `stop_at`.
    """

    id: str
    job: str
    version: int
    state: State
    percent: float
    stage: str
    items: int
    bytes: int
    rows: int
    created_at: float
    started_at: float | None
    ended_at: float | None
    error: str | None
    run_ids: tuple[str, ...]
    retrigger_of: str | None
    process: str | None
    stopping: Stopping = ""
    stop_at: float | None = None

    @property
    def is_open(self) -> bool:
        """Whether it has not ended."""
        return self.state in OPEN

    def told(self, now: float) -> dict[str, Any]:
        """As JSON has it, with the rate in items a second and the seconds that are left."""
        begun, end = self.started_at, self.ended_at or now
        seconds = max(0.0, end - begun) if begun else 0.0
        done = self.items + self.rows
        left = seconds * (100 - self.percent) / self.percent if self.percent else None
        return {
            **{name: value for name, value in asdict(self).items() if name != "process"},
            "seconds": round(seconds, 3),
            "rate": round(done / seconds, 3) if seconds else 0.0,
            "seconds_left": round(left, 1) if left is not None and self.is_open else None,
        }
