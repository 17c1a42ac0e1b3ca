"""One run gave the same id and the same time two contents: the id does not identify."""

from __future__ import annotations

from dataq_assets.stages.rule import Candidate, GateSettings

CATEGORY = "identity"
SEVERITY = "warning"
ORDER = 31


def broken(candidate: Candidate, settings: GateSettings) -> str | None:  # noqa: ARG001
    """Which id is shared; the first item that carried it passes."""
    if not candidate.is_twin:
        return None
    before = "came before in the same run, with the same time and other content"
    return f"id {candidate.source_id!r} {before}"
