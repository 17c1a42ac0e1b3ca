"""What an extraction takes from a source."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class Extraction(BaseModel):
    """All that is new in a source, or all of some of its windows once more."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    source: str
    windows: tuple[tuple[str, str], ...] = Field(default=(), max_length=1_000)
    """The first and the last of each range; none: whatever has changed."""
    full: bool = False
    """Ask also for what the source has sent before; of windows this is always done."""
