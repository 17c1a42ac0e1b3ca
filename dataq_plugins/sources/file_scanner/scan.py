"""Compares what lies in the roots now with what was sent: what is new, what is gone."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from dataq_plugins.sources._folders.names import path_bytes
from dataq_plugins.sources._folders.roots import OpenRoot, open_beneath
from dataq_plugins.sources.file_scanner.entry import Entry, Folder
from dataq_plugins.sources.file_scanner.state import Signature, Standing, signature
from dataq_plugins.sources.file_scanner.walk import Walk


class RootEmptied(Exception):
    """A root that had files has nothing in it: perhaps its disk is not mounted."""


@dataclass
class Scan:
    """One comparison with `known`, which has a signature for each id that was sent."""

    walk: Walk
    known: Mapping[str, Signature]
    allow_empty: bool = False
    _missing: set[str] = field(default_factory=set)

    def changed(self) -> Iterator[tuple[Folder, Entry, bool]]:
        """Yield every wanted file, in its open folder, and whether it differs from what was sent.

        Raises RootMissing and RootEmptied.
        """
        known = self.known
        missing = self._missing = set(known)
        for folder in self.walk.folders():
            if folder.empty and not folder.path and not self.allow_empty:
                self._refuse_emptied(folder.root)
            for entry in folder.entries:
                missing.discard(entry.id)
                yield folder, entry, _differs(folder, entry, known.get(entry.id))

    def missing(self) -> Iterator[tuple[str, bool]]:
        """Yield the ids that `changed` did not meet, sorted, and whether the file is really gone.

        It is not gone if it is there and only no longer wanted. Of what lies in folders that
        could not be looked into nothing is said.
        """
        unseen = [os.fsencode(path) for path in self.walk.unseen]
        for identity in sorted(self._missing):
            path = path_bytes(identity)
            if not any(path.startswith(folder) for folder in unseen):
                yield identity, not self._still_there(path, self.known[identity])

    def _refuse_emptied(self, root: OpenRoot) -> None:
        if any(identity.startswith(root.prefix) for identity in self.known):
            raise RootEmptied(
                f"{root.root.path} had files and is now empty; if its disk is mounted and they are "
                "really gone, set allow_empty: true"
            )

    def _still_there(self, path: bytes, before: Signature) -> bool:
        if path.endswith(b"/"):
            return False  # a folder that could not be looked into, and now can
        root = next(root for root in self.walk.roots if path.startswith(_prefix(root)))
        below = os.fsdecode(path[len(_prefix(root)) :])
        folder, _, name = below.rpartition("/")
        try:
            fd = open_beneath(root.fd, folder or ".", os.O_PATH | os.O_DIRECTORY)
        except OSError:
            return False
        try:
            return _is_still(fd, name, before)
        finally:
            os.close(fd)


def _prefix(root: OpenRoot) -> bytes:
    return root.prefix.encode()


def _is_still(folder: int, name: str, before: Signature) -> bool:
    try:
        here = os.stat(name, dir_fd=folder, follow_symlinks=False)
        if stat.S_ISREG(here.st_mode) or signature(here)[:4] == before[:4]:
            return True
        # Not by the inode alone: what was made in a deleted file's place often gets its inode.
        return (
            stat.S_ISLNK(here.st_mode) and signature(os.stat(name, dir_fd=folder))[:4] == before[:4]
        )
    except OSError:
        return False


def _differs(folder: Folder, entry: Entry, before: Signature | None) -> bool:
    if before is None:
        return True
    now = signature(entry.stat)
    if before == now and entry.problem is None:
        return False
    if before[:4] != now[:4]:
        return True
    if entry.problem is not None:
        return before[4] != entry.problem.standing
    return before[4] != Standing.UNREADABLE or _opens(folder, entry)


def _opens(folder: Folder, entry: Entry) -> bool:
    try:
        os.close(folder.open_file(entry))
    except OSError:
        return False
    return True
