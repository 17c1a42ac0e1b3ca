"""Larger than the source allows."""

from __future__ import annotations

from dataq_assets.stages.rule import Candidate, GateSettings

CATEGORY = "limits"
SEVERITY = "warning"
ORDER = 11


def broken(candidate: Candidate, settings: GateSettings) -> str | None:
    """The size against the limit, in bytes."""
    if candidate.size <= settings.max_item_bytes:
        return None
    return (
        f"has {candidate.size} bytes, the source allows {settings.max_item_bytes} (max_item_bytes)"
    )
