"""An archive that ends before it should."""

from __future__ import annotations

from dataq_assets.stages.archives import is_gzip, is_zip, zip_directory_is_whole
from dataq_assets.stages.rule import Candidate, GateSettings

CATEGORY = "container"
SEVERITY = "error"
ORDER = 50

GZIP_LEAST = 18  # header and trailer, RFC 1952


def broken(candidate: Candidate, settings: GateSettings) -> str | None:  # noqa: ARG001
    """What is missing."""
    if is_zip(candidate) and not zip_directory_is_whole(candidate.data):
        return "the directory at the end of the zip is missing or damaged: the file was cut off"
    if is_gzip(candidate) and candidate.size < GZIP_LEAST:
        return f"has {candidate.size} bytes, a whole gzip stream at least {GZIP_LEAST}"
    return None
