"""What is never archived: DataQ's own home with its lake, its settings and its tokens."""

from __future__ import annotations

import os
from functools import cached_property
from pathlib import Path

_BULK = ("lake", "dagster")


class Protected:
    """Recognises DATAQ_HOME and the files in it, whatever name or link leads there."""

    def __init__(self, home: Path) -> None:
        self._home = home

    @cached_property
    def _identity(self) -> tuple[int, int] | None:
        try:
            found = self._home.stat()
        except OSError:
            return None
        return (found.st_dev, found.st_ino)

    @cached_property
    def _files(self) -> frozenset[tuple[int, int]]:
        # Tokens and settings are few; the lake and the run storage are many and hold no secret file.
        found = set()
        for folder, names, files in os.walk(self._home):
            if Path(folder) == self._home:
                names[:] = [name for name in names if name not in _BULK]
            for name in files:
                status = (Path(folder) / name).lstat()
                found.add((status.st_dev, status.st_ino))
        return frozenset(found)

    def is_home(self, status: os.stat_result) -> bool:
        """Return whether a folder is DATAQ_HOME."""
        return (status.st_dev, status.st_ino) == self._identity

    def is_file(self, status: os.stat_result) -> bool:
        """Return whether a file is a second name (a hard link) of one in DATAQ_HOME."""
        return status.st_nlink > 1 and (status.st_dev, status.st_ino) in self._files

    def holds(self, folder: Path) -> bool:
        """Return whether a folder is DATAQ_HOME or lies in it."""
        real = Path(os.path.realpath(folder))
        for place in (real, *real.parents):
            try:
                if self.is_home(place.stat()):
                    return True
            except OSError:
                continue
        return False


def dataq_home() -> Path:
    """Return where DataQ keeps its own: DATAQ_HOME, else ~/.dataq."""
    return Path(os.environ.get("DATAQ_HOME") or Path("~/.dataq").expanduser())
