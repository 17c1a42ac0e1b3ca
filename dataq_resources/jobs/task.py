"""One time that a job, or an extraction, is done, as it stands."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

from dataq_resources.jobs.extraction import Extraction

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


_INSIDE = ("process", "place", "stop_place", "seen_at", "request", "idempotency_key")
"""What is nobody's affair but the servers'."""


@dataclass(frozen=True)
class Task:
    """Times are Unix seconds; `percent` never goes back; `items` and `bytes` are of the sources.

    `rows` are those that destinations took. `stopping` is how far somebody who stops it has gone,
    since `stop_at`. An extraction has no job, but a `source` and a `request`.
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
    stop_place: str = ""
    """Where whoever asked it to stop is: only what is on its machine can send it signals."""
    source: str = ""
    request: str = ""
    priority: int = 0
    idempotency_key: str | None = None
    windows: int | None = None
    """How many were asked for; None where that is not known."""
    windows_done: int = 0
    rejected: int = 0
    error_type: str | None = None
    trace: str | None = None
    place: str = ""
    """The machine and the home where its process is."""
    seen_at: float | None = None
    """When its process was last heard of, by the database's time."""

    @property
    def is_open(self) -> bool:
        """Whether it has not ended."""
        return self.state in OPEN

    @property
    def extraction(self) -> Extraction | None:
        """What is to be extracted, where it is no task of a job."""
        return Extraction.model_validate_json(self.request) if self.request else None

    def told(self, now: float) -> dict[str, Any]:
        """As JSON has it, with the rate in items a second and the seconds that are left."""
        begun, end = self.started_at, self.ended_at or now
        seconds = max(0.0, end - begun) if begun else 0.0
        done = self.items + self.rows
        left = seconds * (100 - self.percent) / self.percent if self.percent else None
        return {
            **{name: value for name, value in asdict(self).items() if name not in _INSIDE},
            "seconds": round(seconds, 3),
            "rate": round(done / seconds, 3) if seconds else 0.0,
            "seconds_left": round(left, 1) if left is not None and self.is_open else None,
        }
