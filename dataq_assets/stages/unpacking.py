"""One container taken apart to the last member, in a worker process, within bounds of the whole."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import AbstractContextManager
from datetime import datetime
from hashlib import sha256
from typing import BinaryIO, NamedTuple

from dataq_analyzers.detect import detect
from dataq_analyzers.errors import SkipContent
from dataq_analyzers.members import Limits, Member, is_container, stream
from dataq_lake.blobs import blobs_in
from dataq_lake.location import located

INLINE_BYTES = 256 << 10
# What one tree may send back through the pipe; more of it goes to the blob store.
INLINE_TREE_BYTES = 16 << 20
SMALL_BYTES = 4 << 10


class Outer(NamedTuple):
    """A container to open: its bytes, or the file they are in; `blobs` is where big members go."""

    media_type: str
    name: str
    data: bytes | None
    file: str | None
    size: int
    blobs: str
    limits: Limits = Limits()


class Inner(NamedTuple):
    """A member, at any depth: `place` is the path of members to it, `parent` its index or None.

    `data` is None where the bytes are in the blob store, or `problem` says why there are none.
    """

    place: tuple[str, ...]
    parent: int | None
    media_type: str
    size: int
    content_hash: str | None
    data: bytes | None
    blob_uri: str | None
    modified: datetime | None
    problem: str | None = None
    context: tuple[tuple[str, str], ...] = ()


class Unpacked(NamedTuple):
    """All members, parents before children, and what ended the opening of which early."""

    members: list[Inner]
    problems: list[tuple[tuple[str, ...], str]]


def unpack(outer: Outer) -> Unpacked:
    """Everything inside `outer`; whatever its bytes hold, this returns."""
    return Tree(outer).unpacked()


def weight(outer: Outer) -> int:
    """The bytes a container weighs in the pool."""
    return len(outer.data or b"")


class Tree:
    """The members of one outer file; bytes and members count together, whatever lies in what."""

    def __init__(self, outer: Outer) -> None:
        limits = outer.limits
        most = max(limits.free_bytes, limits.ratio * outer.size)
        self._outer = outer
        self._bytes_left = min(limits.total_bytes, most)
        self._members_left = limits.members
        self._inline_left = INLINE_TREE_BYTES
        self._store = blobs_in(outer.blobs)
        self._found: list[Inner] = []
        self._problems: list[tuple[tuple[str, ...], str]] = []

    def unpacked(self) -> Unpacked:
        """Opens the outer file and all that is found in it."""
        outer = self._outer
        with _opened(outer) as file:
            self._open(file, outer.media_type, outer.name, outer.size, (), None)
        return Unpacked(self._found, self._problems)

    def _open(
        self,
        file: BinaryIO,
        media_type: str,
        name: str,
        size: int,
        place: tuple[str, ...],
        parent: int | None,
    ) -> None:
        if len(place) >= self._outer.limits.depth:
            self._problems.append((place, f"nested deeper than {self._outer.limits.depth}"))
            return
        try:
            for member in self._members(file, media_type, name, size):
                self._take(member, (*place, member.path), parent)
        except SkipContent as error:
            self._problems.append((place, str(error)))

    def _members(self, file: BinaryIO, media_type: str, name: str, size: int) -> Iterator[Member]:
        limits = self._outer.limits._replace(
            members=self._members_left,
            total_bytes=self._bytes_left,
            free_bytes=self._bytes_left,
        )
        for member in stream(file, media_type, name, size, limits):
            self._members_left -= 1
            self._bytes_left -= len(member.data or b"")
            if self._members_left < 0 or self._bytes_left < 0:
                raise SkipContent("all that is nested in it is more than it may hold")
            yield member

    def _take(self, member: Member, place: tuple[str, ...], parent: int | None) -> None:
        if member.data is None:
            problem = member.problem or "could not be read"
            self._found.append(Inner(place, parent, "", 0, None, None, None, None, problem))
            return
        data = member.data
        name = member.path.rpartition("/")[2]
        media_type = detect(data, name, member.media_type or "").media_type
        inner = Inner(
            place=place,
            parent=parent,
            media_type=media_type,
            size=len(data),
            content_hash=sha256(data).hexdigest(),
            data=data if self._stays_inline(data) else None,
            blob_uri=None,
            modified=member.modified,
            context=member.context,
        )
        if inner.data is None:
            inner = inner._replace(blob_uri=self._store.put(data).uri)
        self._found.append(inner)
        if is_container(media_type):
            index = len(self._found) - 1
            self._open(io.BytesIO(data), media_type, name, len(data), place, index)

    def _stays_inline(self, data: bytes) -> bool:
        if len(data) > INLINE_BYTES or (self._inline_left < 0 and len(data) > SMALL_BYTES):
            return False
        self._inline_left -= len(data)
        return True


def _opened(outer: Outer) -> AbstractContextManager[BinaryIO]:
    if outer.file is not None:
        return located(outer.file).open("rb")
    return io.BytesIO(outer.data or b"")
