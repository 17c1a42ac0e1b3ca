"""What is never archived: DataQ's own home with its lake, its settings and its tokens."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

_BULK = ("lake", "dagster")

Identity = tuple[int, int]
"""Device and inode: the same by whatever name or link a file is reached."""


class Protected:
    """Recognises DATAQ_HOME, and what is in it, by what it is and not by what it is called."""

    def __init__(self, home: Path) -> None:
        self._home = home

    @cached_property
    def _folders(self) -> frozenset[Identity]:
        # Parts of it may lie elsewhere: a lake on a bigger disk, reached by a link.
        places = [self._home, *self._listed()]
        return frozenset(identity for place in places if place.is_dir() for identity in _of(place))

    @cached_property
    def _files(self) -> frozenset[Identity]:
        # Tokens and settings are few; the lake and the runs are many, and hold no secret.
        found: set[Identity] = set()
        for folder, names, files in os.walk(self._home):
            if Path(folder) == self._home:
                names[:] = [name for name in names if name not in _BULK]
            for name in files:
                found.update(_of(Path(folder) / name))
        return frozenset(found)

    def _listed(self) -> list[Path]:
        try:
            return list(self._home.iterdir())
        except OSError:
            return []

    def is_home(self, status: os.stat_result) -> bool:
        """Return whether a folder is DATAQ_HOME or one of those right in it."""
        return (status.st_dev, status.st_ino) in self._folders

    def is_file(self, status: os.stat_result) -> bool:
        """Return whether a file is a second name (a hard link) of one in DATAQ_HOME."""
        return status.st_nlink > 1 and (status.st_dev, status.st_ino) in self._files

    def holds(self, folder: Path) -> bool:
        """Return whether a folder is DATAQ_HOME or lies in it."""
        real = Path(os.path.realpath(folder))
        return any(
            identity in self._folders for place in (real, *real.parents) for identity in _of(place)
        )


def _of(place: Path) -> Iterator[Identity]:
    """Yield the identity of a file or folder, if it is still there."""
    try:
        status = place.stat()
    except OSError:
        return
    yield (status.st_dev, status.st_ino)
