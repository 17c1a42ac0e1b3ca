"""The folders that a source archives, opened once: everything else is relative to a handle."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_STEP = os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


@dataclass(frozen=True)
class Root:
    """A folder with an absolute path; ids of its files begin with the label, if it has one."""

    path: Path
    label: str = ""


@dataclass(frozen=True)
class OpenRoot:
    """A root with its handle, its path after all links, and what its ids begin with."""

    root: Root
    fd: int
    real: Path
    prefix: str


class RootMissing(OSError):
    """A root cannot be opened: it is gone, not mounted, no folder, or closed to this user."""


class InProtected(OSError):
    """The way leads through a folder that is never archived."""


@contextmanager
def opened(roots: Sequence[Root]) -> Iterator[list[OpenRoot]]:
    """Open every root, or raise RootMissing for the first that cannot be."""
    with ExitStack() as stack:
        handles = []
        for root in roots:
            try:
                # A root may be a link: the user named it.
                fd = os.open(root.path, FOLDER & ~os.O_NOFOLLOW)
            except OSError as error:
                raise RootMissing(error.errno, error.strerror, str(root.path)) from None
            stack.callback(os.close, fd)
            prefix = f"{root.label}/" if root.label else ""
            handles.append(OpenRoot(root, fd, Path(os.path.realpath(root.path)), prefix))
        yield handles


def open_beneath(
    fd: int, path: str, flags: int, refuse: Callable[[os.stat_result], bool] | None = None
) -> int:
    """Return a handle to `path` below the folder `fd`, opened with `flags`.

    No link is followed on the way, so nothing that is swapped for a link leads out of the folder.
    Raises OSError, and InProtected where `refuse` says so of a folder on the way.
    """
    *folders, last = path.split("/")
    here = fd
    try:
        for name in folders:
            below = os.open(name, _STEP, dir_fd=here)
            if here != fd:
                os.close(here)
            here = below
            if refuse is not None and refuse(os.fstat(here)):
                raise InProtected(f"{name} is never archived")
        return os.open(last, flags | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=here)
    finally:
        if here != fd:
            os.close(here)
