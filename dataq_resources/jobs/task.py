"""One time that a job is done, as it stands."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

State = Literal["queued", "running", "completed", "failed", "stopped"]
OPEN = ("queued", "running")


@dataclass(frozen=True)
class Task:
    """Times are Unix seconds; `percent` never goes back; `items` and `bytes` are of the sources.

    `rows` are those that destinations took.
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
