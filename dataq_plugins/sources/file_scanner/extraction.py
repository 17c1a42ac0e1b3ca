"""One extraction: reads what changed, tells what is gone, remembers both in the state."""

from __future__ import annotations

import os
import time
from collections.abc import Generator, Iterator
from dataclasses import dataclass

from dataq_plugins.sdk import Item, Log, Saver, State, Window
from dataq_plugins.sources.file_scanner.entry import Entry, Folder
from dataq_plugins.sources.file_scanner.media_types import media_type
from dataq_plugins.sources.file_scanner.metadata import metadata
from dataq_plugins.sources.file_scanner.problems import CHANGED, Problem, too_large, unreadable
from dataq_plugins.sources.file_scanner.reading import (
    ATTEMPTS,
    STREAM_BYTES,
    SWAPPED,
    Stream,
    digest_of,
    digest_of_file,
    is_regular,
    read_whole,
    unchanged,
)
from dataq_plugins.sources.file_scanner.scan import Scan
from dataq_plugins.sources.file_scanner.state import Sent, Standing, signature

SECOND = 1_000_000_000
RACY_NS = 2 * SECOND
"""The coarsest clock of a file system in use (FAT): two changes within it look like one."""
LIFE_SIGN_SECONDS = 10.0


@dataclass
class Extraction:
    """What one request asks for; `sent` is kept up to date on the way."""

    scan: Scan
    sent: Sent
    saver: Saver
    window: Window | None
    full: bool
    max_bytes: int = 0

    def run(self) -> Iterator[Item | State | Log]:
        """Yield files in the order of the walk, then deletions, with states in between and last."""
        alive = time.monotonic()
        for number, (folder, entry, differs) in enumerate(self.scan.changed()):
            if (differs or self.full) and self._is_wanted(entry.stat):
                yield from self._send(folder, entry)
                if self.saver.due():
                    yield self.saver.state()
            elif not number % 1000 and time.monotonic() - alive > LIFE_SIGN_SECONDS:
                alive = time.monotonic()
                yield Log(f"looked at {number:,} files", "debug")
        yield from self._deletions()
        if self.saver.anything():
            yield self.saver.state()

    def _deletions(self) -> Iterator[Item]:
        for identity, gone in self.scan.missing():
            last = self.sent.known[identity]
            if self.window is None or last[1] // SECOND in self.window:
                if gone:
                    yield Item(identity, timestamp_ns=last[1], op="delete")
                self.sent.forget(identity)
                self.saver.note()

    def _is_wanted(self, status: os.stat_result) -> bool:
        return self.window is None or signature(status)[1] // SECOND in self.window

    def _send(self, folder: Folder, entry: Entry) -> Iterator[Item]:
        """Yield the file, or its problem; nothing where it has just become something else."""
        if entry.problem is not None:
            yield self._problem(folder, entry, entry.problem)
            return
        for _ in range(ATTEMPTS):
            try:
                fd = folder.open_file(entry)
            except OSError as error:
                if error.errno is not None and error.errno not in SWAPPED:
                    yield self._problem(folder, entry, unreadable(error))
                return
            try:
                if (yield from self._read(folder, entry, fd)):
                    return
            except OSError as error:
                yield self._problem(folder, entry, unreadable(error))
                return
            finally:
                os.close(fd)
        yield self._problem(folder, entry, CHANGED)

    def _read(self, folder: Folder, entry: Entry, fd: int) -> Generator[Item, None, bool]:
        """Yield one version of the file; return False if it changed meanwhile: try again."""
        begun = time.time_ns()
        status = entry.stat = os.fstat(fd)
        if not is_regular(status) or not self._is_wanted(status):
            return True  # it changed since the walk saw it: the next one will see what it is now
        if 0 < self.max_bytes < status.st_size:
            yield self._problem(folder, entry, too_large(status.st_size, self.max_bytes))
            return True
        racy = _is_racy(status, begun)
        if status.st_size > STREAM_BYTES:
            return (yield from self._stream(folder, entry, fd, racy))
        content = read_whole(fd, status)
        if content is None:
            return False
        digest = digest_of(content) if racy or entry.id in self.sent.digests else None
        # A write that is under way has set the times already: only a second look tells.
        if racy and digest_of_file(fd) != digest:
            return False
        if self._is_news(entry, digest):
            yield self._item(folder, entry, content)
        self._remember(entry, digest, racy)
        return True

    def _stream(
        self, folder: Folder, entry: Entry, fd: int, racy: bool
    ) -> Generator[Item, None, bool]:
        digest = digest_of_file(fd) if racy or entry.id in self.sent.digests else None
        if self._is_news(entry, digest):
            content = Stream(fd, entry.stat, digest)
            yield self._item(folder, entry, content)
            if content.error:
                raise content.error
            if not content.whole:
                return False
        elif not unchanged(entry.stat, os.fstat(fd)):
            return False
        self._remember(entry, digest, racy)
        return True

    def _is_news(self, entry: Entry, digest: bytes | None) -> bool:
        """Return whether to send what was read: not if it only looked as if it had changed."""
        before = self.sent.known.get(entry.id)
        return (
            self.full
            or before is None
            or before[:4] != signature(entry.stat)[:4]
            or digest is None
            or self.sent.digests.get(entry.id) != digest
        )

    def _item(self, folder: Folder, entry: Entry, content: bytes | Stream) -> Item:
        return Item(
            entry.id,
            content,
            None,
            media_type(entry.name),
            metadata(entry.stat, entry.id, str(folder.root.root.path)),
            timestamp_ns=signature(entry.stat)[1],
        )

    def _problem(self, folder: Folder, entry: Entry, problem: Problem) -> Item:
        self.sent.remember(entry.id, signature(entry.stat, problem.standing))
        self.saver.note()
        item = self._item(folder, entry, b"")
        item.problem = str(problem)
        return item

    def _remember(self, entry: Entry, digest: bytes | None, racy: bool) -> None:
        standing = Standing.RACY if racy else Standing.SETTLED
        self.sent.remember(entry.id, signature(entry.stat, standing), digest if racy else None)
        self.saver.note()


def _is_racy(status: os.stat_result, begun: int) -> bool:
    return status.st_ctime_ns >= begun - RACY_NS or abs(status.st_mtime_ns - begun) <= RACY_NS
