"""What the gate reads of an archive without unpacking it."""

from __future__ import annotations

import io
import zipfile

from dataq_assets.stages.rule import Candidate

ZIP_TYPES = frozenset({"application/zip", "application/x-zip-compressed"})
GZIP_TYPES = frozenset({"application/gzip", "application/x-gzip"})


def is_zip(candidate: Candidate) -> bool:
    """Whether it is a plain zip that is here as a whole."""
    return candidate.detected_type in ZIP_TYPES and len(candidate.data) == candidate.size


def is_gzip(candidate: Candidate) -> bool:
    """Whether it is a gzip stream."""
    return candidate.detected_type in GZIP_TYPES


def zip_directory_is_whole(data: bytes) -> bool:
    """Whether the central directory can be read to its end."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)):
            return True
    except (zipfile.BadZipFile, ValueError, NotImplementedError, EOFError, UnicodeError):
        return False


def zip_members(data: bytes) -> list[zipfile.ZipInfo]:
    """The entries of the central directory; none where it is damaged."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return archive.infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError, EOFError, UnicodeError):
        return []
