"""What was sent already: one signature a file, packed small, because it goes through the lake."""

from __future__ import annotations

import json
import os
import zlib
from array import array
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import IntEnum

MAGIC = b"dataq file_scanner state 1\n"
_MAX_HEADER = 1 << 20
_INT64 = 2**63 - 1


class Standing(IntEnum):
    """How far the signature of a file can be relied on."""

    SETTLED = 0
    RACY = 1
    """Sent, but so soon after its last change that the next one may leave the same signature."""
    UNREADABLE = 2
    UNSTEADY = 3
    TOO_LARGE = 4
    UNFIT = 5
    """Sent as a problem that only another file of this name can cure: a socket, a bad name."""


Signature = tuple[int, int, int, int, int]
"""Size, mtime, ctime (nanoseconds), inode and standing: tells versions apart without reading.

A plain tuple, because there is one for every file that was ever sent."""

DIGEST_BYTES = 16


@dataclass
class Sent:
    """What was sent, by id; of racy files also what a second look needs: a digest."""

    known: dict[str, Signature] = field(default_factory=dict)
    digests: dict[str, bytes] = field(default_factory=dict)

    def remember(self, identity: str, signature: Signature, digest: bytes | None = None) -> None:
        """Put a file in, or in the place of an earlier version."""
        self.known[identity] = signature
        if digest is not None:
            self.digests[identity] = digest
        elif self.digests:
            self.digests.pop(identity, None)

    def forget(self, identity: str) -> None:
        """Take a file out that is gone, or no longer wanted."""
        del self.known[identity]
        self.digests.pop(identity, None)


def signature(stat: os.stat_result, standing: Standing = Standing.SETTLED) -> Signature:
    """Return the signature of a file; times that 64 bits cannot hold (year 2262) are cut."""
    mtime, ctime = stat.st_mtime_ns, stat.st_ctime_ns
    if not -_INT64 <= mtime <= _INT64:
        mtime = max(-_INT64, min(mtime, _INT64))
    return (stat.st_size, mtime, ctime, stat.st_ino, standing)


class ForeignState(ValueError):
    """These bytes are not a state of this source: begin again without one."""


def pack(sent: Sent, scope: str) -> bytes:
    """Return the state as bytes; `scope` says which roots the ids are relative to."""
    ids = sorted(sent.known)
    signatures = [sent.known[identity] for identity in ids]
    paths = "\0".join(ids).encode()
    columns = list(zip(*signatures, strict=True)) or [()] * 5
    body = [
        paths,
        *(_planes(array(code, column)) for code, column in zip("qqqQ", columns, strict=False)),
    ]
    body.append(bytes(columns[4]))
    body += [sent.digests[identity] for identity in ids if sent.known[identity][4] == Standing.RACY]
    header = json.dumps({"scope": scope, "count": len(ids), "paths": len(paths)}).encode()
    squeezer = zlib.compressobj(1)
    parts = [squeezer.compress(part) for part in (header + b"\n", *body)]
    return b"".join([MAGIC, *parts, squeezer.flush()])


def unpack(data: bytes, scope: str) -> Sent:
    """Return what `pack` was given; ForeignState if the bytes are damaged or of another scope."""
    if not data.startswith(MAGIC):
        raise ForeignState("it was not written by this plugin, or by another version of it")
    try:
        text = zlib.decompress(memoryview(data)[len(MAGIC) :])
        line, _, body = text.partition(b"\n")
        header = json.loads(line)
        if header["scope"] != scope:
            raise ForeignState("it is of other roots")
        return _table(body, int(header["count"]), int(header["paths"]))
    except ForeignState:
        raise
    except (zlib.error, ValueError, KeyError, TypeError) as error:
        raise ForeignState(f"it is damaged ({error})") from None


def _table(body: bytes, count: int, length: int) -> Sent:
    if not count:
        return Sent()
    starts = range(length, length + 32 * count, 8 * count)
    standings = body[length + 32 * count : length + 33 * count]
    columns: list[Iterable[int]] = [
        _column(code, body[start : start + 8 * count])
        for code, start in zip("qqqQ", starts, strict=True)
    ]
    ids = body[:length].decode().split("\0")
    known = dict(zip(ids, zip(*columns, standings, strict=True), strict=True))
    racy = [identity for identity in ids if known[identity][4] == Standing.RACY]
    digests = body[length + 33 * count :]
    if len(digests) != DIGEST_BYTES * len(racy):
        raise ForeignState("it is damaged (wrong length)")
    pieces = (
        digests[start : start + DIGEST_BYTES] for start in range(0, len(digests), DIGEST_BYTES)
    )
    return Sent(known, dict(zip(racy, pieces, strict=True)))


def _planes(numbers: array[int]) -> bytes:
    # All first bytes, then all second ones …: neighbours are alike, which is what zlib looks for.
    data = numbers.tobytes()
    return b"".join(data[plane::8] for plane in range(8))


def _column(code: str, planes: bytes) -> array[int]:
    data = bytearray(len(planes))
    step = len(planes) // 8
    for plane in range(8):
        data[plane::8] = planes[plane * step : (plane + 1) * step]
    numbers = array(code)
    numbers.frombytes(data)
    return numbers
