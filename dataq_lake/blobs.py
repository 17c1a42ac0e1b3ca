"""Large contents, stored once under their SHA-256, on disk for good before any row names them."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import timedelta
from io import BufferedReader
from pathlib import Path
from types import TracebackType
from typing import Self

from dataq_lake.errors import FixTheCall
from dataq_lake.location import Location, located

CHUNK = 1 << 20
URI = re.compile(r"blob:([0-9a-f]{64})")


@dataclass(frozen=True)
class Blob:
    """A stored content: `uri` is blob:<sha256>, `size` in bytes."""

    uri: str
    size: int
    sha256: str


class Blobs(ABC):
    """The blobs of one lake; a content that comes again takes no further space."""

    @property
    @abstractmethod
    def place(self) -> Location:
        """Where they are."""

    @abstractmethod
    def writer(self) -> Writer:
        """A writer to stream one content into; nothing is visible before its commit."""

    @abstractmethod
    def settle(self) -> None:
        """Returns when all that was committed is stored for good: before any row names it."""

    @abstractmethod
    def path(self, uri: str) -> Location:
        """The file of a blob, whether it is there or not."""

    @abstractmethod
    def exists(self, uri: str) -> bool:
        """Whether the content is stored."""

    @abstractmethod
    def stored(self) -> Iterator[Blob]:
        """Every blob, by its name and the size of its file; nothing is read."""

    @abstractmethod
    def set_aside(self, uri: str) -> None:
        """Takes a damaged blob out of the way, into `damaged`, so that it can be stored again."""

    @abstractmethod
    def forget_aside(self, uri: str) -> None:
        """Removes the copy that was set aside, once the blob is whole again."""

    @abstractmethod
    def open(self, uri: str) -> BufferedReader:
        """The content as a file to read, unverified; raises ContentLost."""

    @abstractmethod
    def chunks(self, uri: str) -> Iterator[bytes]:
        """The content piece by piece; raises ContentDamaged at the end if its hash is wrong."""

    @abstractmethod
    def collecting(self) -> AbstractContextManager[None]:
        """Holds off other collectors, and mends what one that was killed has begun."""

    @abstractmethod
    def older_than(self, age: timedelta) -> list[str]:
        """The blobs that nobody has stored, for the first time or again, for `age`."""

    @abstractmethod
    def collect(self, uri: str, age: timedelta) -> int | None:
        """Removes a blob that no row names; its size in bytes, None if it was stored again."""

    def put(self, content: bytes | Iterable[bytes]) -> Blob:
        """Stores `content` and returns where it is, stored for good."""
        with self.writer() as writer:
            for piece in [content] if isinstance(content, bytes) else content:
                writer.write(piece)
            blob = writer.commit()
        self.settle()
        return blob

    def read(self, uri: str) -> bytes:
        """The whole content, its hash verified; raises ContentLost or ContentDamaged."""
        return b"".join(self.chunks(uri))

    @staticmethod
    def sha256_of(uri: str) -> str:
        """The digits of a blob's uri; raises FixTheCall for what is none."""
        match = URI.fullmatch(uri)
        if match is None:
            raise FixTheCall(f"{uri!r} is not a blob: it should be blob: and 64 hex digits")
        return match[1]


class Writer(ABC):
    """Takes one content in pieces; `commit` stores it, `abort` leaves nothing behind."""

    @abstractmethod
    def write(self, data: bytes | memoryview) -> None:
        """Takes the next piece."""

    @abstractmethod
    def commit(self) -> Blob:
        """Stores what was written, for good after the store's next `settle`."""

    @abstractmethod
    def abort(self) -> None:
        """Forgets what was written; harmless after a commit."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.abort()


def blobs_in(folder: str | Location) -> Blobs:
    """The blobs in a folder, or below a prefix of an object store."""
    place = located(folder)
    if isinstance(place, Path):
        from dataq_lake.blob_store import BlobStore

        return BlobStore(place)
    from dataq_lake.objects.blobs import ObjectBlobs

    return ObjectBlobs(place)
