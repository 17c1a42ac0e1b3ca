"""Text by its own account that is text in no encoding."""

from __future__ import annotations

from dataq_assets.stages.rule import Candidate, GateSettings

CATEGORY = "content"
SEVERITY = "error"
ORDER = 41

PLAIN = ("text/plain", "text/markdown", "text/csv", "text/html", "application/json")


def broken(candidate: Candidate, settings: GateSettings) -> str | None:  # noqa: ARG001
    """That neither UTF-8, UTF-16 nor a single-byte encoding makes sense of the bytes."""
    if (
        candidate.declared_type not in PLAIN
        or candidate.detected_type != "application/octet-stream"
    ):
        return None
    return f"declared as {candidate.declared_type}, but its bytes are text in no known encoding"
