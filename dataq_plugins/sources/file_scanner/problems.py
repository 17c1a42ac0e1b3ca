"""Why a file was seen but not taken: a short code for programs, a reason for people."""

from __future__ import annotations

import os
import stat
from typing import NamedTuple

from dataq_plugins.sources.file_scanner.state import Standing


class Problem(NamedTuple):
    """`str()` of it is what goes into the item."""

    code: str
    reason: str
    standing: Standing = Standing.UNFIT

    def __str__(self) -> str:
        return f"{self.code}: {self.reason}"


NAME = Problem("name_not_utf8", "the name is not UTF-8; metadata raw_path has its bytes in hex")
TOO_DEEP = Problem("too_deep", "folders are nested too deeply; nothing below was looked at")
LINK_OUTSIDE = Problem("link_outside", "the link leads out of the roots, so it was not followed")
LINK_BROKEN = Problem("link_broken", "the link leads to nothing, or in a circle")
CHANGED = Problem("changed_while_read", "the file changed each time it was read", Standing.UNSTEADY)


def unreadable(error: OSError) -> Problem:
    """Return the problem of a file or folder that the system refuses to open or read."""
    reason = os.strerror(error.errno) if error.errno else str(error)
    return Problem("unreadable", reason.lower(), Standing.UNREADABLE)


def too_large(size: int, limit: int) -> Problem:
    """Return the problem of a file over `max_bytes`."""
    return Problem(
        "too_large", f"{size:,} bytes are more than max_bytes ({limit:,})", Standing.TOO_LARGE
    )


def special(mode: int) -> Problem | None:
    """Return the problem of what is neither a file nor a folder, None for a regular file."""
    if stat.S_ISREG(mode):
        return None
    if stat.S_ISSOCK(mode):
        return Problem("socket", "a socket has no content")
    if stat.S_ISFIFO(mode):
        return Problem("fifo", "a named pipe has no content of its own")
    return Problem("device", "a device is not a file")
