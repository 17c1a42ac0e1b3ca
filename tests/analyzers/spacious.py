"""A module that maps much when it is loaded, as those of large libraries do."""

from __future__ import annotations

import mmap

MIB = 1 << 20
_OWN = mmap.mmap(-1, 200 * MIB)


def eat(size: int) -> int:
    """So many bytes for a moment."""
    return len(bytearray(size))
