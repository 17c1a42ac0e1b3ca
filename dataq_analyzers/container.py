"""What opening a container takes and gives."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import BinaryIO, NamedTuple, Protocol

from dataq_analyzers.budget import Budget


class Member(NamedTuple):
    """One thing inside; `data` is None exactly where `problem` says why it could not be read.

    `path` is a name, not a place on any disk; no two members of a container have the same one.
    `context` is what the container says of it, by name.
    """

    path: str
    data: bytes | None
    media_type: str | None = None
    modified: datetime | None = None
    problem: str | None = None
    context: tuple[tuple[str, str], ...] = ()


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


def unsafe_name(name: str) -> str | None:
    """Why a member's name must not be trusted, None where it may."""
    if not name or "\0" in name:
        return "has no usable name"
    if name.startswith(("/", "\\")) or name[1:3] in (":\\", ":/"):
        return "has an absolute path for a name"
    if ".." in name.replace("\\", "/").split("/"):
        return "has a name that leads out of its container"
    return None
