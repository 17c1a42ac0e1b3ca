"""What an extraction yields, and where its big content goes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple, Protocol

Op = Literal["upsert", "delete"]

BLOB_THRESHOLD = 256 << 10
"""Content over this goes to the blob sink, if there is one, and not into the item."""


class Blob(Protocol):
    """Stored content, addressed by its sha256 (64 hex digits)."""

    @property
    def uri(self) -> str: ...
    @property
    def size(self) -> int: ...
    @property
    def sha256(self) -> str: ...


class BlobWriter(Protocol):
    """One blob being written; nothing is visible before `commit`, nothing is left by `abort`."""

    def write(self, data: bytes | memoryview, /) -> object: ...
    def commit(self) -> Blob: ...
    def abort(self) -> None: ...


class BlobSink(Protocol):
    """Where big content goes; `dataq_lake.blobs` has one."""

    def writer(self) -> BlobWriter: ...


class Item(NamedTuple):
    """One observed version of one thing: a tuple, because millions of them are made.

    `timestamp_us` is in microseconds since 1970, UTC. Upserts without a `problem` have either
    `content` or `blob`; deletions and problems have neither.
    """

    source_id: str
    timestamp_us: int | None
    content_type: str
    content: bytes | None
    blob: Blob | None
    size: int
    metadata: dict[str, str]
    op: Op
    problem: str | None
    plugin_id: str


@dataclass(slots=True)
class Batch:
    """Items that arrived together, and the state after them (None: as before)."""

    items: list[Item]
    state: bytes | None
