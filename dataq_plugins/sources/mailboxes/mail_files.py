"""Mailboxes in which each mail is a file of its own: Maildirs, and folders of .eml and .emlx."""

from __future__ import annotations

import os
import plistlib
import stat
from collections.abc import Iterator
from xml.parsers.expat import ExpatError

from dataq_plugins.sources._folders.names import source_id
from dataq_plugins.sources.mailboxes.known import Box
from dataq_plugins.sources.mailboxes.mail import Mail, facts_of, mark_of, told
from dataq_plugins.sources.mailboxes.mailbox import News
from dataq_plugins.sources.mailboxes.mbox_file import FILE

ENDINGS = (".eml", ".emlx")
HEAD_BYTES = 256 << 10
FOLDERS = ("new", "cur")
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_MAILDIR = {"S": "seen", "R": "answered", "F": "flagged", "T": "deleted", "D": "draft"}
_MAILDIR["P"] = "forwarded"
_APPLE = {0: "seen", 1: "deleted", 2: "answered", 4: "flagged", 6: "draft", 8: "forwarded"}


class _MailFiles:
    """What both have in common; `_files` and `_parsed` tell them apart."""

    format = ""

    def __init__(self, name: str, folder: int, max_bytes: int) -> None:
        self.name = name
        self.here: set[str] = set()
        self.steady = True
        self._folder = folder
        self._max_bytes = max_bytes

    def news(self, box: Box, *, full: bool) -> Iterator[News]:
        """Yield what differs from what was sent (`full`: everything); raises OSError."""
        for folder, file, name, flags in self._files():
            try:
                status = os.stat(file, dir_fd=folder, follow_symlinks=False)
            except FileNotFoundError:
                self.steady = False  # it was renamed, or is gone: the next look will tell
                continue
            if not stat.S_ISREG(status.st_mode):
                continue
            self.here.add(name)
            mark = mark_of(str(status.st_size), str(status.st_mtime_ns), *flags)
            if not full and name in box.mails and box.mails[name][0] == mark:
                continue
            found = self._found(folder, file, name, flags, status, mark)
            if found is None:
                self.steady = False
            else:
                yield found

    def settle(self, box: Box) -> None:
        """Nothing: the files are looked at each time."""

    def _found(
        self,
        folder: int,
        file: str,
        name: str,
        flags: tuple[str, ...],
        status: os.stat_result,
        mark: str,
    ) -> News | None:
        mtime = int(status.st_mtime)
        if status.st_size > self._max_bytes:
            problem = f"too_large: {status.st_size:,} bytes are more than max_bytes"
            large = Mail(name, b"", mtime, {}, problem)
            return News(name, mark, mtime, lambda: large)
        try:
            head = _read(folder, file, HEAD_BYTES)
        except FileNotFoundError:
            return None
        except OSError as error:
            reason = os.strerror(error.errno) if error.errno else str(error)
            closed = Mail(name, b"", mtime, {}, f"unreadable: {reason.lower()}")
            return News(name, mark, mtime, lambda: closed)
        seconds = facts_of(self._parsed(head)[0]).seconds

        def read() -> Mail | None:
            try:
                data = head if len(head) < HEAD_BYTES else _read(folder, file, status.st_size + 1)
                if os.stat(file, dir_fd=folder, follow_symlinks=False).st_size != len(data):
                    return None
            except FileNotFoundError:
                return None
            content, more = self._parsed(data)
            facts = facts_of(content)
            when = seconds if seconds is not None else mtime
            return Mail(name, content, when, told({*facts.flags, *flags, *more}, facts.labels))

        return News(name, mark, seconds if seconds is not None else mtime, read)

    def _files(self) -> Iterator[tuple[int, str, str, tuple[str, ...]]]:
        """Yield of each file the handle of its folder, what it is called there, name and flags."""
        raise NotImplementedError

    def _parsed(self, data: bytes) -> tuple[bytes, list[str]]:
        """Return the mail in a file, and the flags that stand in it."""
        return data, []


class Maildir(_MailFiles):
    """Mails in `new` and `cur`; a mail's name stays when it is read or flagged, and so moved."""

    format = "maildir"

    def _files(self) -> Iterator[tuple[int, str, str, tuple[str, ...]]]:
        for folder in FOLDERS:
            fd = os.open(folder, _FOLDER, dir_fd=self._folder)
            try:
                for file in sorted(os.listdir(fd)):
                    unique, _, letters = file.partition(":2,")
                    if not file.startswith("."):
                        flags = (_MAILDIR[each] for each in letters if each in _MAILDIR)
                        yield fd, file, source_id(unique), tuple(flags)
            finally:
                os.close(fd)


class MessageFolder(_MailFiles):
    """Files that end in .eml or, as Apple Mail has them, .emlx."""

    format = "eml"

    def _files(self) -> Iterator[tuple[int, str, str, tuple[str, ...]]]:
        for file in sorted(os.listdir(self._folder)):
            if file.lower().endswith(ENDINGS):
                yield self._folder, file, source_id(file), ()

    def _parsed(self, data: bytes) -> tuple[bytes, list[str]]:
        first, _, rest = data.partition(b"\n")
        if not first.strip().isdigit() or len(first) > 20:
            return data, []
        size = int(first)
        return rest[:size], _apple_flags(rest[size:])


def _apple_flags(data: bytes) -> list[str]:
    try:
        bits = plistlib.loads(data)["flags"] if data.strip() else 0
    except (plistlib.InvalidFileException, ExpatError, KeyError, TypeError, ValueError):
        return []
    return [flag for bit, flag in _APPLE.items() if isinstance(bits, int) and bits >> bit & 1]


def _read(folder: int, file: str, size: int) -> bytes:
    fd = os.open(file, FILE, dir_fd=folder)
    try:
        pieces = []
        while size > 0 and (piece := os.read(fd, size)):
            pieces.append(piece)
            size -= len(piece)
        return b"".join(pieces)
    finally:
        os.close(fd)
