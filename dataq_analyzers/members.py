"""Opens containers: what is inside a zip, a tar or a mail, as bytes in memory, within limits."""

from __future__ import annotations

import io
import pkgutil
from collections.abc import Callable, Iterator
from datetime import datetime
from functools import cache
from importlib import import_module
from typing import BinaryIO, NamedTuple, Protocol

from dataq_analyzers import containers
from dataq_analyzers.errors import SkipContent
from dataq_analyzers.interface import Content

MIB = 1 << 20
_CHUNK = MIB


class Limits(NamedTuple):
    """What one container may become; `ratio` counts once more than `free_bytes` came out."""

    members: int = 10_000
    total_bytes: int = 512 * MIB
    member_bytes: int = 256 * MIB
    ratio: int = 200
    free_bytes: int = 16 * MIB
    depth: int = 6


class Member(NamedTuple):
    """One thing inside; `data` is None exactly where `problem` says why it could not be read."""

    path: str
    data: bytes | None
    media_type: str | None = None
    modified: datetime | None = None
    problem: str | None = None


class Members(NamedTuple):
    """What came out, and what ended it early, if anything did."""

    members: list[Member]
    problem: str | None = None


class Container(Protocol):
    """One kind of container."""

    @property
    def name(self) -> str: ...

    @property
    def media_types(self) -> tuple[str, ...]: ...

    def members(self, file: BinaryIO, name: str, budget: Budget) -> Iterator[Member]:
        """The members in order; raises SkipContent where the rest cannot be read."""


class Budget:
    """Counts what comes out of one container and stops it at the limits."""

    def __init__(self, limits: Limits, container_bytes: int) -> None:
        self.limits = limits
        self._container_bytes = max(1, container_bytes)
        self._bytes = 0
        self._members = 0
        self._names: dict[str, int] = {}

    def path(self, name: str) -> str:
        """`name`, told apart from the same name before; raises SkipContent past the limit."""
        self._members += 1
        if self._members > self.limits.members:
            raise SkipContent(f"more than {self.limits.members} members")
        count = self._names[name] = self._names.get(name, 0) + 1
        return name if count == 1 else f"{name} ({count})"

    def spend(self, count: int) -> None:
        """Note bytes that came out; raises SkipContent where they are too many."""
        self._bytes += count
        if self._bytes > self.limits.total_bytes:
            raise SkipContent(f"more than {self.limits.total_bytes} bytes inside")
        most = max(self.limits.free_bytes, self.limits.ratio * self._container_bytes)
        if self._bytes > most:
            raise SkipContent(
                f"decompression bomb: {self._container_bytes} bytes became more than {most}"
            )

    def read(self, file: BinaryIO) -> bytes:
        """All of `file`; raises MemberTooLarge or SkipContent where that is too much."""
        pieces = []
        size = 0
        while piece := file.read(_CHUNK):
            self.spend(len(piece))
            size += len(piece)
            if size > self.limits.member_bytes:
                raise MemberTooLarge(f"larger than {self.limits.member_bytes} bytes")
            pieces.append(piece)
        return b"".join(pieces)


class MemberTooLarge(SkipContent):
    """This member is too large; the others may be read."""


def unsafe_name(name: str) -> str | None:
    """Why a member's name must not be trusted, None where it may."""
    if not name or "\0" in name:
        return "has no usable name"
    if name.startswith(("/", "\\")) or name[1:3] in (":\\", ":/"):
        return "has an absolute path for a name"
    if ".." in name.replace("\\", "/").split("/"):
        return "has a name that leads out of its container"
    return None


@cache
def _by_media_type() -> dict[str, Container]:
    names = sorted(module.name for module in pkgutil.iter_modules(containers.__path__))
    kinds = [import_module(f"{containers.__name__}.{name}").CONTAINER for name in names]
    return {media_type: kind for kind in kinds for media_type in kind.media_types}


def is_container(media_type: str) -> bool:
    """Whether things of this type are opened; documents that are zipped inside are not."""
    return media_type in _by_media_type()


def expand(content: Content, limits: Limits = Limits()) -> Members:
    """The members of `content`, one level deep; never raises for what the bytes may hold."""
    found: list[Member] = []
    problem = None
    try:
        found.extend(stream(io.BytesIO(content.data), content.media_type, content.name,
                            len(content.data), limits))
    except SkipContent as error:
        problem = str(error)
    return Members(found, problem)


def stream(
    file: BinaryIO, media_type: str, name: str, size: int, limits: Limits = Limits()
) -> Iterator[Member]:
    """The members of an open, seekable file of `size` bytes, one at a time in memory.

    Raises SkipContent where the container, or the rest of it, cannot be read.
    """
    kind = _by_media_type().get(media_type)
    if kind is None:
        raise SkipContent(f"nothing opens {media_type}")
    try:
        yield from kind.members(file, name, Budget(limits, size))
    except (SkipContent, MemoryError, GeneratorExit):
        raise
    except Exception as error:  # a damaged archive makes its reader raise nearly anything
        raise SkipContent(f"damaged: {error or type(error).__name__}") from error


def read_member(budget: Budget, path: str, opened: Callable[[], BinaryIO],
                modified: datetime | None = None) -> Member:
    """One member read within the budget; what is wrong with it alone becomes its problem."""
    try:
        with opened() as file:
            return Member(path, budget.read(file), None, modified)
    except MemberTooLarge as error:
        return Member(path, None, None, modified, str(error))
    except (SkipContent, MemoryError):
        raise
    except Exception as error:  # noqa: BLE001 - as above, but its neighbours may be sound
        return Member(path, None, None, modified, f"damaged: {error or type(error).__name__}")
