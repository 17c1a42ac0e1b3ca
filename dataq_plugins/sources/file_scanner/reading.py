"""Reads a file so that what comes out is one version of it, never half of two."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dataq_plugins.sdk import Abandon
from dataq_plugins.sources.file_scanner.problems import unreadable
from dataq_plugins.sources.file_scanner.state import DIGEST_BYTES

if TYPE_CHECKING:
    from hashlib import blake2b

ATTEMPTS = 4
STREAM_BYTES = 8 << 20
"""Files over this are never whole in memory."""
PIECE_BYTES = 1 << 20

SWAPPED = (errno.ENOENT, errno.ELOOP, errno.ENXIO, errno.ENOTDIR, errno.ESTALE)
"""What opening says where a file has become something else, or nothing, since it was seen."""


def read_whole(fd: int, before: os.stat_result) -> bytes | None:
    """Return the content of an open file, None if it changed meanwhile. Raises OSError."""
    size = before.st_size
    data = os.read(fd, size + 1)
    if len(data) != size:
        data = _rest(fd, data)
    # Files of /proc and the like say 0 and have content all the same.
    if unchanged(before, os.fstat(fd)) and (len(data) == size or not size):
        return data
    return None


def _hasher() -> blake2b:
    from hashlib import blake2b  # with OpenSSL; most walks need no digest

    return blake2b(digest_size=DIGEST_BYTES)


def digest_of(data: bytes) -> bytes:
    """Return what two contents are told apart by."""
    hasher = _hasher()
    hasher.update(data)
    return hasher.digest()


def digest_of_file(fd: int) -> bytes:
    """Return the digest of an open file, never whole in memory; the next read starts anew."""
    hasher = _hasher()
    os.lseek(fd, 0, os.SEEK_SET)
    while piece := os.read(fd, PIECE_BYTES):
        hasher.update(piece)
    os.lseek(fd, 0, os.SEEK_SET)
    return hasher.digest()


def _rest(fd: int, data: bytes) -> bytes:
    pieces, size = [data], len(data)
    while size <= STREAM_BYTES and (piece := os.read(fd, PIECE_BYTES)):
        pieces.append(piece)
        size += len(piece)
    return b"".join(pieces)


def unchanged(before: os.stat_result, after: os.stat_result) -> bool:
    """Return whether a file is as it was: size, time of change and time of its inode's change."""
    return (
        before.st_mtime_ns == after.st_mtime_ns
        and before.st_size == after.st_size
        and before.st_ctime_ns == after.st_ctime_ns
    )


@dataclass
class Stream:
    """The content of an open file, piece by piece; ends in Abandon if the file changed meanwhile.

    With a `digest` the content must have it too. Afterwards `whole` says whether all of it was
    read, `error` what went wrong with the disk.
    """

    fd: int
    before: os.stat_result
    digest: bytes | None = None
    whole: bool = False
    error: OSError | None = None

    def __iter__(self) -> Iterator[bytes]:
        left = self.before.st_size
        hasher = _hasher() if self.digest else None
        try:
            os.posix_fadvise(self.fd, 0, 0, os.POSIX_FADV_SEQUENTIAL)
            while left > 0 and (piece := os.read(self.fd, min(PIECE_BYTES, left))):
                left -= len(piece)
                if hasher:
                    hasher.update(piece)
                yield piece
            after = os.fstat(self.fd)
        except OSError as error:
            self.error = error
            raise Abandon(str(unreadable(error))) from error
        same = hasher is None or hasher.digest() == self.digest
        if left or not same or not unchanged(self.before, after):
            raise Abandon("the file changed while it was read")
        self.whole = True


def is_regular(status: os.stat_result) -> bool:
    """Return whether an opened file is one: between look and open it may have been swapped."""
    return stat.S_ISREG(status.st_mode)
