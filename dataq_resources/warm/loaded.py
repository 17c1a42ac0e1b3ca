"""Whether what was loaded is still what lies on the disk."""

from __future__ import annotations

import os
import site
import stat
import sys
import sysconfig
from pathlib import Path

Stamp = tuple[int, int, int]


class Loaded:
    """The files of our own modules, the folders of packages, and the sources, as they were."""

    def __init__(self, home: Path) -> None:
        self._sources = home / "sources"
        self._paths = sorted(_paths())
        self._seen = self._now()

    def has_changed(self) -> bool:
        """Whether any of them was changed, added or removed since."""
        return self._now() != self._seen

    def _now(self) -> list[Stamp | None]:
        sources = sorted(map(str, self._sources.glob("*/*")))
        return [_stamp(each) for each in (*self._paths, str(self._sources), *sources)]


def _paths() -> set[str]:
    """Modules one by one with their folders; installed packages by the folder they lie in.

    To install, upgrade or remove a package changes that folder.
    """
    installed = {
        *site.getsitepackages(),
        sysconfig.get_path("stdlib"),
        sysconfig.get_path("purelib"),
    }
    found = set(installed)
    for module in list(sys.modules.values()):
        file = getattr(module, "__file__", None)
        if file and not any(file.startswith(folder + os.sep) for folder in installed):
            found |= {file, str(Path(file).parent)}
    return found


def _stamp(path: str) -> Stamp | None:
    try:
        found = os.stat(path)  # noqa: PTH116 - a thousand files before each run
        if stat.S_ISDIR(found.st_mode):
            # By names: its time changes also when Python leaves compiled code in it.
            return hash(frozenset({*os.listdir(path)} - {"__pycache__"})), 0, found.st_ino
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
