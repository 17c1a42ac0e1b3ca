"""Declared as one kind of thing, in truth another that must not be taken for it."""

from __future__ import annotations

from dataq_assets.stages.rule import Candidate, GateSettings

CATEGORY = "type"
SEVERITY = "error"
ORDER = 40

EXECUTABLES = frozenset(
    {
        "application/x-executable",
        "application/x-pie-executable",
        "application/x-sharedlib",
        "application/x-dosexec",
        "application/vnd.microsoft.portable-executable",
        "application/x-mach-binary",
    }
)
# What readers open without a second thought, so a program under this name is a trap.
HARMLESS = (
    "image/",
    "audio/",
    "video/",
    "text/",
    "message/",
    "application/pdf",
    "application/json",
)


def broken(candidate: Candidate, settings: GateSettings) -> str | None:  # noqa: ARG001
    """Both types, where the contradiction is one that matters."""
    declared, detected = candidate.declared_type, candidate.detected_type
    if detected in EXECUTABLES and declared.startswith(HARMLESS):
        return f"declared as {declared}, but it is a program ({detected})"
    media = ("image/", "audio/", "video/")
    if declared.startswith(media) and declared != "image/svg+xml" and candidate.is_text:
        return f"declared as {declared}, but it is text ({detected})"
    return None
