"""An archive that says itself that it would unpack to far too much."""

from __future__ import annotations

from dataq_assets.stages.archives import is_zip, zip_members
from dataq_assets.stages.rule import Candidate, GateSettings

CATEGORY = "container"
SEVERITY = "error"
ORDER = 52


def broken(candidate: Candidate, settings: GateSettings) -> str | None:
    """The unpacked size, where it or its ratio to the packed one is over the limit."""
    if not is_zip(candidate):
        return None
    unpacked = sum(member.file_size for member in zip_members(candidate.data))
    if unpacked > settings.max_unpacked_bytes:
        return f"unpacks to {unpacked} bytes, {settings.max_unpacked_bytes} are allowed"
    if unpacked > (1 << 20) and unpacked > candidate.size * settings.max_ratio:
        times = f"{unpacked / candidate.size:.0f} times its size"
        return f"unpacks to {times}, {settings.max_ratio:.0f} are allowed"
    return None
