"""Looks for mailboxes below the roots, through handles, and never through a link."""

from __future__ import annotations

import os
import stat
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

from dataq_plugins.sources._folders.names import source_id
from dataq_plugins.sources._folders.protected import Protected
from dataq_plugins.sources._folders.roots import OpenRoot
from dataq_plugins.sources._patterns import Patterns
from dataq_plugins.sources.mailboxes.mail_files import ENDINGS, FOLDERS, Maildir, MessageFolder
from dataq_plugins.sources.mailboxes.mailbox import Mailbox
from dataq_plugins.sources.mailboxes.mbox import is_mbox
from dataq_plugins.sources.mailboxes.mbox_file import FILE, MboxFile
from dataq_plugins.sources.mailboxes.variant import Variant

MAX_DEPTH = 100
_HEAD_BYTES = 4_096


@dataclass
class Finder:
    """One walk over the roots; `unread` are the paths that could not be looked into.

    A file is a mailbox if it begins like one, or if its name is among the `known`: also one that
    has been emptied.
    """

    exclude: Patterns
    protected: Protected
    variant: Variant
    max_bytes: int
    known: Collection[str]
    unread: dict[str, str] = field(default_factory=dict)

    def mailboxes(self, root: OpenRoot) -> Iterator[Mailbox]:
        """Yield the mailboxes of a root, folder by folder; each is open until the next is asked."""

        def note(error: OSError) -> None:
            reason = os.strerror(error.errno).lower() if error.errno else str(error)
            self.unread[self._name(root, str(error.filename or "."))] = reason

        walk = os.fwalk(".", dir_fd=root.fd, onerror=note, follow_symlinks=False)
        for folder, folders, files, fd in walk:
            name = self._name(root, folder)
            if self.protected.is_home(os.fstat(fd)):
                folders.clear()
                continue
            folders.sort()
            is_maildir = set(FOLDERS) <= set(folders)
            if folder.count("/") >= MAX_DEPTH:
                self.unread[name] = "folders are nested too deeply"
                folders.clear()
            if is_maildir:
                folders[:] = [each for each in folders if each not in (*FOLDERS, "tmp")]
                if self.wants(name):
                    yield Maildir(name, fd, self.max_bytes)
            elif any(each.lower().endswith(ENDINGS) for each in files) and self.wants(name):
                yield MessageFolder(name, fd, self.max_bytes)
            for file in sorted(file for file in files if not file.lower().endswith(ENDINGS)):
                path = self._name(root, f"{folder}/{file}")
                if self.wants(path) and (path in self.known or self._is_mbox(fd, file, path)):
                    yield MboxFile(path, fd, file, self.variant, self.max_bytes)
            folders[:] = [each for each in folders if self.wants(f"{name}/{each}".lstrip("/"))]

    def wants(self, name: str) -> bool:
        """Return whether neither the mailbox nor a folder above it is left out."""
        parts = name.split("/")
        above = ("/".join(parts[:end]) + "/" for end in range(1, len(parts) + 1))
        return not self.exclude.verdict(name) and not any(map(self.exclude.verdict, above))

    def _is_mbox(self, folder: int, file: str, path: str) -> bool:
        try:
            status = os.stat(file, dir_fd=folder, follow_symlinks=False)
            if not stat.S_ISREG(status.st_mode) or self.protected.is_file(status):
                return False
            fd = os.open(file, FILE, dir_fd=folder)
        except FileNotFoundError:
            return False
        except OSError as error:
            self.unread[path] = os.strerror(error.errno).lower() if error.errno else str(error)
            return False
        try:
            return is_mbox(os.pread(fd, _HEAD_BYTES, 0))
        finally:
            os.close(fd)

    def _name(self, root: OpenRoot, path: str) -> str:
        below = path.removeprefix(".").removeprefix("/")
        return (root.prefix + source_id(below)).rstrip("/") if below else root.prefix.rstrip("/")
