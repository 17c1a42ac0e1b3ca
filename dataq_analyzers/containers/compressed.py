"""A compressed file as a container: of one file, or of the tar that is in it."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import BinaryIO

from dataq_analyzers.budget import Budget, reason_of
from dataq_analyzers.container import Member
from dataq_analyzers.containers.tar_members import is_tar, tar_members
from dataq_analyzers.errors import SkipContent

_SHORT_TARS = {".tgz": ".tar", ".tbz": ".tar", ".tbz2": ".tar", ".txz": ".tar", ".svgz": ".svg"}


def compressed_members(
    stream: BinaryIO, name: str, extensions: tuple[str, ...], budget: Budget
) -> Iterator[Member]:
    """The members of what `stream` decompresses to; `name` is that of the compressed file.

    Raises SkipContent where the stream is damaged or too much comes out.
    """
    counted = _Counted(stream, budget)
    head = counted.peek(512)
    if is_tar(head):
        # A reader of a tar seeks backwards for hard links: what went by is kept, as it is bounded.
        whole = io.BytesIO(counted.rest())
        yield from tar_members(whole, Budget(budget.limits, len(whole.getvalue())))
        return
    yield Member(budget.path(inner_name(name, extensions)), counted.rest())


class _Counted:
    """Reads a stream within a budget; its errors say that the file is damaged."""

    def __init__(self, stream: BinaryIO, budget: Budget) -> None:
        self._stream = stream
        self._budget = budget
        self._head = b""

    def peek(self, size: int) -> bytes:
        self._head = self._read(size)
        return self._head

    def rest(self) -> bytes:
        pieces = [self._head]
        while piece := self._read(1 << 20):
            pieces.append(piece)
        return b"".join(pieces)

    def _read(self, size: int) -> bytes:
        try:
            piece = self._stream.read(size)
        except MemoryError:
            raise
        except Exception as error:  # zlib, bz2 and lzma each raise their own
            raise SkipContent(f"truncated or damaged: {reason_of(error)}") from error
        self._budget.spend(len(piece))
        return piece


def inner_name(name: str, extensions: tuple[str, ...]) -> str:
    """The name of what is compressed, by the name of what it is compressed into."""
    base = name.rpartition("/")[2]
    lower = base.lower()
    for short, full in _SHORT_TARS.items():
        if lower.endswith(short):
            return base[: -len(short)] + full
    for extension in extensions:
        if lower.endswith(extension) and len(base) > len(extension):
            return base[: -len(extension)]
    return base or "data"
