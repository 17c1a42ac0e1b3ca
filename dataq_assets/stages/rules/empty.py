"""Nothing in it: there is nothing to open, to read or to find."""

from __future__ import annotations

from dataq_assets.stages.rule import Candidate, GateSettings

CATEGORY = "content"
SEVERITY = "info"
ORDER = 10


def broken(candidate: Candidate, settings: GateSettings) -> str | None:  # noqa: ARG001
    """Why an item without a byte is held back."""
    return "has no content (0 bytes)" if candidate.size == 0 else None
