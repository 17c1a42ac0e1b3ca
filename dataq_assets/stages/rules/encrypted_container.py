"""An archive whose members nobody can read without its password."""

from __future__ import annotations

from dataq_assets.stages.archives import is_zip, zip_members
from dataq_assets.stages.rule import Candidate, GateSettings

CATEGORY = "container"
SEVERITY = "warning"
ORDER = 51

ENCRYPTED = 0x1


def broken(candidate: Candidate, settings: GateSettings) -> str | None:  # noqa: ARG001
    """How many of the members are locked, if all are: else the open ones are archived."""
    if not is_zip(candidate):
        return None
    members = zip_members(candidate.data)
    locked = sum(1 for member in members if member.flag_bits & ENCRYPTED)
    if not locked or locked < sum(1 for member in members if not member.is_dir()):
        return None
    return f"all of its {locked} members are encrypted"
