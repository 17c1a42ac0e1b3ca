"""What is told of a failed run."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Notice:
    """One failed run; times are Unix seconds, and `reason` holds no more than 2,000 characters."""

    run_id: str
    job: str
    source: str
    """Empty where the run is not of one source."""
    origin: str
    """What started it: change, derive, schedule, bulk, hook; empty: somebody."""
    failed_at: float
    reason: str
    link: str = ""

    @property
    def subject(self) -> str:
        """One line."""
        return f"DataQ: run {self.run_id[:8]} of {self.source or self.job} failed"
