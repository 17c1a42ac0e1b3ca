"""A mailbox in one file. What was appended is all that is read of one that has only grown."""

from __future__ import annotations

import os
from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from hashlib import blake2b

from dataq_plugins.sources.mailboxes.known import Box, Stamp
from dataq_plugins.sources.mailboxes.mail import Mail, facts_of, mark_of, name_of, told
from dataq_plugins.sources.mailboxes.mailbox import News
from dataq_plugins.sources.mailboxes.mbox import PIECE_BYTES, NotMbox, Part, split
from dataq_plugins.sources.mailboxes.variant import Variant, counts_length, unquoted

FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC


class MboxFile:
    """Mails one after another; the same Message-ID again is `~2`, and so on."""

    format = "mbox"

    def __init__(self, name: str, folder: int, file: str, variant: Variant, max_bytes: int) -> None:
        self.name = name
        self.here: set[str] = set()
        self.steady = False
        self._folder = folder
        self._file = file
        self._variant = variant
        self._max_bytes = max_bytes
        self._stamp: Stamp | None = None
        self._tail = 0
        self._last = ""

    def news(self, box: Box, *, full: bool) -> Iterator[News]:
        """Yield what differs from what was sent (`full`: everything); raises OSError, NotMbox.

        A file to which a mail is just being written keeps that mail for the next time.
        """
        fd = os.open(self._file, FILE, dir_fd=self._folder)
        try:
            before = os.fstat(fd)
            self._stamp = stamp_of(before)
            if not full and box.stamp == self._stamp:
                self.here, self.steady = set(box.mails), True
                self._tail, self._last = box.tail, box.last
                return
            grown = not full and self._is_grown(fd, before.st_size, box)
            if grown:
                self.here = set(box.mails) - {box.last}
                self._tail, self._last = box.tail, box.last
            box.stamp, box.tail = None, 0
            yield from self._read(fd, int(before.st_mtime), box, self._tail if grown else 0, full)
        finally:
            os.close(fd)

    def settle(self, box: Box) -> None:
        """Write down how it looks, so that it need not be read again: all of it was sent."""
        if box.stamp == self._stamp:
            return
        fd = os.open(self._file, FILE, dir_fd=self._folder)
        try:
            digest = _digest(fd, self._tail)
            if stamp_of(os.fstat(fd)) == self._stamp:
                box.stamp, box.tail = self._stamp, self._tail
                box.last, box.digest = self._last, digest
        finally:
            os.close(fd)

    def _is_grown(self, fd: int, size: int, box: Box) -> bool:
        return box.stamp is not None and 0 < box.tail < size and _digest(fd, box.tail) == box.digest

    def _read(self, fd: int, mtime: int, box: Box, start: int, full: bool) -> Iterator[News]:
        if not os.fstat(fd).st_size:
            self.steady = True
            return
        waiting: Part | None = None
        lengths = counts_length(self._variant)
        for part in split(lambda at, n: os.pread(fd, n, at), start, lengths, self._max_bytes):
            if waiting is not None:
                yield from self._told(waiting, mtime, box, full)
            waiting = part
        self.steady = stamp_of(os.fstat(fd)) == self._stamp
        if waiting is not None and self.steady:
            yield from self._told(waiting, mtime, box, full)

    def _told(self, part: Part, mtime: int, box: Box, full: bool) -> Iterator[News]:
        mail = self._mail(part, mtime)
        self.here.add(mail.name)
        self._tail, self._last = part.start, mail.name
        mark = mark_of(mail.content, mail.problem, *sorted(map(str, mail.metadata.items())))
        if full or box.mails.get(mail.name) != (mark, mail.seconds):
            yield News(mail.name, mark, mail.seconds, lambda: mail)

    def _mail(self, part: Part, mtime: int) -> Mail:
        if part.content is None:
            name = mark_of(str(part.start), part.separator)
            problem = f"too_large: {part.size:,} bytes are more than max_bytes"
            return Mail(self._unused(name), b"", _when(part.separator) or mtime, {}, problem)
        content = unquoted(part.content, self._variant)
        facts = facts_of(content)
        seconds = facts.seconds if facts.seconds is not None else _when(part.separator) or mtime
        name = self._unused(name_of(facts, content))
        return Mail(name, content, seconds, told(facts.flags, facts.labels))

    def _unused(self, name: str) -> str:
        number = 1
        unused = name
        while unused in self.here:
            number += 1
            unused = f"{name}~{number}"
        return unused


def stamp_of(status: os.stat_result) -> Stamp:
    """Return how a file looks from outside."""
    return (status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino)


def _digest(fd: int, size: int) -> str:
    hasher = blake2b(digest_size=16)
    at = 0
    while at < size and (piece := os.pread(fd, min(PIECE_BYTES, size - at), at)):
        hasher.update(piece)
        at += len(piece)
    return hasher.hexdigest()


def _when(separator: bytes) -> int | None:
    """Return the time in a line `From somebody Thu Jan  1 00:00:00 2015`, taken as UTC."""
    words = separator.decode("ascii", "replace").split()
    for start in range(2, len(words) - 3):
        try:
            day, month, date, clock, *rest = words[start:]
            zone = [each for each in rest if not (each.isdigit() and len(each) == 4)]
            year = next(each for each in rest if each.isdigit() and len(each) == 4)
            offset = zone[0] if zone else "+0000"
            text = f"{day}, {date} {month} {year} {clock} {offset}"
            return int(parsedate_to_datetime(text).timestamp())
        except (ValueError, StopIteration, TypeError, OverflowError):
            continue
    return None


__all__ = ["FILE", "MboxFile", "NotMbox", "stamp_of"]
