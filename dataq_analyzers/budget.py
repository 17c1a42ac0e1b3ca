"""How much may come out of a container, counted while it does."""

from __future__ import annotations

from typing import BinaryIO, NamedTuple

from dataq_analyzers.errors import SkipContent

MIB = 1 << 20


class Limits(NamedTuple):
    """What one container may become. `ratio` counts once more than `free_bytes` came out.

    `depth` is for whoever opens members that are containers themselves.
    """

    members: int = 10_000
    total_bytes: int = 512 * MIB
    member_bytes: int = 256 * MIB
    ratio: int = 200
    free_bytes: int = 16 * MIB
    depth: int = 6


class MemberTooLarge(SkipContent):
    """One member is too large; the others may be read."""


class Budget:
    """Counts what comes out of one container and stops it at the limits."""

    def __init__(self, limits: Limits, container_bytes: int) -> None:
        self.limits = limits
        self._container_bytes = max(1, container_bytes)
        self._most = max(limits.free_bytes, limits.ratio * self._container_bytes)
        self._bytes = 0
        self._members = 0
        self._taken: set[str] = set()
        self._repeats: dict[str, int] = {}

    def path(self, name: str) -> str:
        """`name`, told apart from the same name before; raises SkipContent past the limit."""
        self._members += 1
        if self._members > self.limits.members:
            raise SkipContent(f"more than {self.limits.members} members")
        path = name
        while path in self._taken:
            count = self._repeats[name] = self._repeats.get(name, 1) + 1
            path = f"{name} ({count})"
        self._taken.add(path)
        return path

    def spend(self, count: int) -> None:
        """Note bytes that came out; raises SkipContent where they are too many."""
        self._bytes += count
        if self._bytes > self.limits.total_bytes:
            raise SkipContent(f"more than {self.limits.total_bytes} bytes inside")
        if self._bytes > self._most:
            raise SkipContent(
                f"decompression bomb: {self._container_bytes} bytes became more than {self._most}"
            )

    def read(self, file: BinaryIO) -> bytes:
        """All of `file`; raises MemberTooLarge or SkipContent where that is too much."""
        pieces = []
        size = 0
        while piece := file.read(MIB):
            self.spend(len(piece))
            size += len(piece)
            if size > self.limits.member_bytes:
                raise MemberTooLarge(f"larger than {self.limits.member_bytes} bytes")
            pieces.append(piece)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)


def reason_of(error: Exception) -> str:
    """What an error of a library says, in one line."""
    return " ".join(str(error).split())[:200] or type(error).__name__
