"""What was sent already: one signature a file, packed small, because it goes through the lake."""

from __future__ import annotations

import json
import os
import zlib
from array import array
from collections.abc import Iterable
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

Known = dict[str, Signature]


def signature(stat: os.stat_result, standing: Standing = Standing.SETTLED) -> Signature:
    """Return the signature of a file; times that 64 bits cannot hold (year 2262) are cut."""
    mtime, ctime = stat.st_mtime_ns, stat.st_ctime_ns
    if not -_INT64 <= mtime <= _INT64:
        mtime = max(-_INT64, min(mtime, _INT64))
    return (stat.st_size, mtime, ctime, stat.st_ino, standing)


class ForeignState(ValueError):
    """These bytes are not a state of this source: begin again without one."""


def pack(known: Known, scope: str) -> bytes:
    """Return the state as bytes; `scope` says which roots the ids are relative to."""
    ids = sorted(known)
    signatures = [known[identity] for identity in ids]
    paths = "\0".join(ids).encode()
    columns = list(zip(*signatures, strict=True)) or [()] * 5
    body = [
        paths,
        *(_planes(array(code, column)) for code, column in zip("qqqQ", columns, strict=False)),
    ]
    body.append(bytes(columns[4]))
    header = json.dumps({"scope": scope, "count": len(ids), "paths": len(paths)}).encode()
    squeezer = zlib.compressobj(1)
    parts = [squeezer.compress(part) for part in (header + b"\n", *body)]
    return b"".join([MAGIC, *parts, squeezer.flush()])


def unpack(data: bytes, scope: str) -> Known:
    """Return what `pack` was given; ForeignState if the bytes are damaged or of another scope."""
    if not data.startswith(MAGIC):
        raise ForeignState("it was not written by this plugin, or by another version of it")
    try:
        text = zlib.decompress(memoryview(data)[len(MAGIC) :])
        line, _, body = text.partition(b"\n")
        header = json.loads(line)
        count, length = int(header["count"]), int(header["paths"])
    except (zlib.error, ValueError, KeyError, TypeError) as error:
        raise ForeignState(f"it is damaged ({error})") from None
    if header.get("scope") != scope:
        raise ForeignState("it is of other roots")
    if len(body) != length + count * 33:
        raise ForeignState("it is damaged (wrong length)")
    return _table(body, count, length)


def _table(body: bytes, count: int, length: int) -> Known:
    if not count:
        return {}
    starts = range(length, length + 32 * count, 8 * count)
    columns: list[Iterable[int]] = [
        _column(code, body[start : start + 8 * count])
        for code, start in zip("qqqQ", starts, strict=True)
    ]
    columns.append(body[length + 32 * count :])
    try:
        ids = body[:length].decode().split("\0")
        return dict(zip(ids, zip(*columns, strict=True), strict=True))
    except ValueError as error:
        raise ForeignState(f"it is damaged ({error})") from None


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
