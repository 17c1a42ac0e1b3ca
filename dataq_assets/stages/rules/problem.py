"""The plugin saw the thing but could not read it."""

from __future__ import annotations

from dataq_assets.stages.rule import Candidate, GateSettings

CATEGORY = "source"
SEVERITY = "warning"
ORDER = 0


def broken(candidate: Candidate, settings: GateSettings) -> str | None:  # noqa: ARG001
    """The plugin's own words."""
    return candidate.problem or None
