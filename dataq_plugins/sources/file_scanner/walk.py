"""A walk over the roots that only looks: names and stats, folder by folder, through handles."""

from __future__ import annotations

import errno
import os
import stat
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from operator import attrgetter

from dataq_plugins.sources._folders.names import is_escaped, source_id
from dataq_plugins.sources._folders.protected import Protected
from dataq_plugins.sources._folders.roots import FOLDER, InProtected, OpenRoot, RootMissing
from dataq_plugins.sources.file_scanner.entry import Entry, Folder
from dataq_plugins.sources.file_scanner.ignores import Ignores
from dataq_plugins.sources.file_scanner.links import Policy, Target, resolve
from dataq_plugins.sources.file_scanner.problems import (
    NAME,
    TOO_DEEP,
    Problem,
    special,
    too_large,
    unreadable,
)
from dataq_plugins.sources.file_scanner.selection import Selection

MAX_DEPTH = 200
"""Each level holds one handle open; a process may usually have 1,024."""

HOME = "in DataQ's own home"
_GONE = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ESTALE)
_by_name = attrgetter("name")

Trail = tuple[tuple[int, int], ...]
"""Device and inode of every folder from the root down."""


@dataclass(frozen=True)
class Rules:
    """What to look at and what to leave out."""

    selection: Selection
    protected: Protected
    gitignore: bool = False
    links: Policy = "skip"
    one_file_system: bool = False
    max_bytes: int = 0


@dataclass(frozen=True, slots=True)
class _Below:
    """A folder to go down into, by name or by what a link leads to."""

    name: str
    target: Target | None = None


@dataclass
class Walk:
    """One pass over the roots. `unseen` and `left_out` are complete when it has ended.

    `unseen` has the paths (with label and a slash behind) of folders that could not be looked
    into: of what lies below nothing is known. `left_out` counts what was left out, by reason.
    """

    roots: Sequence[OpenRoot]
    rules: Rules
    unseen: list[str] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)
    _followed: set[tuple[int, int]] = field(default_factory=set)
    _takes_all: bool = False

    def __post_init__(self) -> None:
        self._takes_all = self.rules.selection.takes_all_files and not self.rules.gitignore

    def folders(self) -> Iterator[Folder]:
        """Yield every folder, its files first, then those below it, always in the same order.

        Raises RootMissing where a root can no longer be listed.
        """
        for root in self.roots:
            trail = (_identity(os.fstat(root.fd)),)
            yield from self._folder(Folder(root.fd, root, ""), trail, Ignores())

    def _folder(self, folder: Folder, trail: Trail, ignores: Ignores) -> Iterator[Folder]:
        if self.rules.gitignore:
            ignores = ignores.below(folder.fd, folder.path)
        below = self._look(folder, ignores)
        yield folder
        for child in below:
            yield from self._descend(folder, child, trail, ignores)

    def _descend(
        self, folder: Folder, child: _Below, trail: Trail, ignores: Ignores
    ) -> Iterator[Folder]:
        path = folder.join(child.name)
        try:
            fd = child.target.open(FOLDER) if child.target else folder.open_folder(child.name)
        except InProtected:
            self.left_out[HOME] += 1
            return
        except OSError as error:
            if error.errno not in _GONE:
                yield self._closed(folder, path, unreadable(error))
            return
        try:
            here = os.fstat(fd)
            if not self._may_enter(here, trail, linked=child.target is not None):
                return
            if len(trail) >= MAX_DEPTH:
                yield self._closed(folder, path, TOO_DEEP)
                return
            inner = Folder(fd, folder.root, path)
            yield from self._folder(inner, (*trail, _identity(here)), ignores)
        finally:
            os.close(fd)

    def _may_enter(self, here: os.stat_result, trail: Trail, *, linked: bool) -> bool:
        identity = _identity(here)
        if self.rules.protected.is_home(here):
            self.left_out[HOME] += 1
        elif self.rules.one_file_system and here.st_dev != trail[0][0]:
            self.left_out["on other file systems"] += 1
        elif identity in trail or (linked and identity in self._followed):
            self.left_out["links to folders already seen"] += 1
        else:
            if linked:
                self._followed.add(identity)
            return True
        return False

    def _closed(self, folder: Folder, path: str, why: Problem) -> Folder:
        """Return a folder whose one entry says why nothing is known of what lies in it."""
        return Folder(folder.fd, folder.root, path, [self._unseen(folder.root, path, why)])

    def _unseen(self, root: OpenRoot, path: str, why: Problem) -> Entry:
        full = root.prefix + path + "/"
        self.unseen.append(full)
        try:
            here = os.stat(path, dir_fd=root.fd, follow_symlinks=False)
        except OSError:
            here = os.fstat(root.fd)
        return Entry(source_id(full), "", here, why)

    def _look(self, folder: Folder, ignores: Ignores) -> list[_Below]:
        """Fill the folder's entries and return the folders below that are wanted, by name."""
        below: list[_Below] = []
        try:
            with os.scandir(folder.fd) as listing:
                found = sorted(listing, key=_by_name)
            folder.empty = not found
            for item in found:
                if item.is_file(follow_symlinks=False):
                    self._file(folder, item, ignores)
                elif item.is_dir(follow_symlinks=False):
                    if self._wants_folder(folder.join(item.name), item.name, ignores):
                        below.append(_Below(item.name))
                elif item.is_symlink():
                    self._link(folder, item, ignores, below)
                else:
                    self._file(folder, item, ignores)
        except OSError as error:
            # Names that may not be looked at (a folder without its x bit), or a disk that fails.
            if not folder.path:
                raise RootMissing(error.errno, error.strerror, str(folder.root.root.path)) from None
            folder.entries.append(self._unseen(folder.root, folder.path, unreadable(error)))
        return below

    def _file(self, folder: Folder, item: os.DirEntry[str], ignores: Ignores) -> None:
        name = item.name
        path = f"{folder.path}/{name}" if folder.path else name
        if not self._takes_all and not self._wants_file(path, name, ignores):
            return
        try:
            status = item.stat(follow_symlinks=False)
        except FileNotFoundError:
            return
        self._take(folder, path, name, status)

    def _wants_folder(self, path: str, name: str, ignores: Ignores) -> bool:
        wanted = self.rules.selection.wants_folder(path, name) and not ignores.ignores(path + "/")
        self.left_out["folders by settings"] += not wanted
        return wanted

    def _wants_file(self, path: str, name: str, ignores: Ignores) -> bool:
        wanted = self.rules.selection.wants_file(path, name) and not ignores.ignores(path)
        self.left_out["files by settings"] += not wanted
        return wanted

    def _take(
        self,
        folder: Folder,
        path: str,
        name: str,
        status: os.stat_result,
        target: Target | None = None,
        problem: Problem | None = None,
    ) -> None:
        if status.st_nlink > 1 and self.rules.protected.is_file(status):
            self.left_out[HOME] += 1
            return
        identity = folder.root.prefix + path
        if not identity.isascii():
            identity = source_id(identity)
            if is_escaped(identity):
                problem = NAME
        if problem is None and not stat.S_ISREG(status.st_mode):
            problem = special(status.st_mode)
        elif problem is None and 0 < self.rules.max_bytes < status.st_size:
            problem = too_large(status.st_size, self.rules.max_bytes)
        folder.entries.append(Entry(identity, name, status, problem, target))

    def _link(
        self, folder: Folder, item: os.DirEntry[str], ignores: Ignores, below: list[_Below]
    ) -> None:
        name, path = item.name, folder.join(item.name)
        if self.rules.links == "skip":
            self.left_out["links"] += 1
            return
        try:
            target = resolve(folder.root.real / path, self.roots, self.rules.protected)
            if isinstance(target, Problem):
                if self._wants_file(path, name, ignores):
                    self._take(folder, path, name, item.stat(follow_symlinks=False), None, target)
                return
            status = target.stat()
        except InProtected:
            self.left_out[HOME] += 1
        except OSError:
            return  # it changed between two looks; the next walk will see what it is then
        else:
            self._linked(folder, name, status, target, ignores, below)

    def _linked(
        self,
        folder: Folder,
        name: str,
        status: os.stat_result,
        target: Target,
        ignores: Ignores,
        below: list[_Below],
    ) -> None:
        path = folder.join(name)
        if not stat.S_ISDIR(status.st_mode):
            if self._wants_file(path, name, ignores):
                self._take(folder, path, name, status, target)
        elif self.rules.links != "follow":
            self.left_out["links to folders"] += 1
        elif self._wants_folder(path, name, ignores):
            below.append(_Below(name, target))


def _identity(status: os.stat_result) -> tuple[int, int]:
    return (status.st_dev, status.st_ino)
