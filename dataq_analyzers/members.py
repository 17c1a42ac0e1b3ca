"""Opens containers: what is inside a zip, a tar or a mail, as bytes in memory, within limits."""

from __future__ import annotations

import io
import pkgutil
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from typing import BinaryIO

from dataq_analyzers import containers
from dataq_analyzers.budget import Budget, Limits, reason_of
from dataq_analyzers.container import Container, Member, Members
from dataq_analyzers.errors import SkipContent
from dataq_analyzers.interface import Content

__all__ = ["Limits", "Member", "Members", "expand", "is_container", "stream"]

_DEFAULT = Limits()


@cache
def _by_media_type() -> dict[str, Container]:
    names = sorted(module.name for module in pkgutil.iter_modules(containers.__path__))
    modules = [import_module(f"{containers.__name__}.{name}") for name in names]
    kinds = [module.CONTAINER for module in modules if hasattr(module, "CONTAINER")]
    return {media_type: kind for kind in kinds for media_type in kind.media_types}


def is_container(media_type: str) -> bool:
    """Whether things of this type are opened; documents that are zipped inside are not."""
    return media_type in _by_media_type()


def expand(content: Content, limits: Limits = _DEFAULT) -> Members:
    """The members of `content`, one level deep; never raises for what the bytes may hold."""
    found: list[Member] = []
    problem = None
    size = len(content.data)
    try:
        for member in stream(
            io.BytesIO(content.data), content.media_type, content.name, size, limits
        ):
            found.append(member)  # noqa: PERF402 - what came before a failure is kept
    except SkipContent as error:
        problem = str(error)
    return Members(found, problem)


def stream(
    file: BinaryIO, media_type: str, name: str, size: int, limits: Limits = _DEFAULT
) -> Iterator[Member]:
    """The members of an open, seekable file of `size` bytes, one at a time in memory.

    Raises SkipContent where the container, or the rest of it, cannot be read.
    """
    kind = _by_media_type().get(media_type)
    if kind is None:
        raise SkipContent(f"nothing opens {media_type}")
    try:
        yield from kind.members(file, name, Budget(limits, size))
    except (SkipContent, MemoryError):
        raise
    except Exception as error:  # a damaged archive makes its reader raise nearly anything
        raise SkipContent(f"damaged: {reason_of(error)}") from error
