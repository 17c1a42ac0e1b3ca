"""What a walk finds: files, and the open folders that they lie in."""

from __future__ import annotations

import os
from dataclasses import dataclass, field

from dataq_plugins.sources._folders.roots import FOLDER, OpenRoot
from dataq_plugins.sources.file_scanner.links import Target
from dataq_plugins.sources.file_scanner.problems import Problem

_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC


@dataclass(slots=True)
class Entry:
    """A file that is wanted, or something in its place that has a problem.

    `name` is what opens it in its folder; `target` is where it really lies, if it is a link.
    """

    id: str
    name: str
    stat: os.stat_result
    problem: Problem | None = None
    target: Target | None = None


@dataclass(slots=True)
class Folder:
    """A folder with its wanted files, sorted by name; `fd` is open until the walk goes on.

    `path` is below the root; `empty` says that there is nothing in it at all.
    """

    fd: int
    root: OpenRoot
    path: str
    entries: list[Entry] = field(default_factory=list)
    empty: bool = False

    def join(self, name: str) -> str:
        """Return the path of something in this folder, below the root."""
        return f"{self.path}/{name}" if self.path else name

    def open_folder(self, name: str) -> int:
        """Return a handle to a folder in this one, which must not be a link."""
        return os.open(name, FOLDER, dir_fd=self.fd)

    def open_file(self, entry: Entry) -> int:
        """Return a handle to a file in this folder: no link is followed, no pipe is waited for."""
        if entry.target is not None:
            return entry.target.open(_FILE)
        return os.open(entry.name, _FILE, dir_fd=self.fd)
