"""Folders of the lake: nobody but their owner may look inside, and one at a time may hold them."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TypeVar

from dataq_lake.objects.path import ObjectPath

Place = TypeVar("Place", bound=Path | ObjectPath)


def private_folder(path: Place) -> Place:
    """`path`, made with whatever is missing above it, each of it for its owner only."""
    if isinstance(path, Path) and not path.is_dir():
        private_folder(path.parent)
        path.mkdir(mode=0o700, exist_ok=True)
    return path


def sync(path: Path) -> None:
    """Waits until a file's bytes, or a folder's names, are on disk."""
    number = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(number)
    finally:
        os.close(number)


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Holds the folder itself: that takes no file, so it works on a full or read-only disk."""
    with ExitStack() as opened:
        number = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        opened.callback(os.close, number)
        try:
            fcntl.flock(number, fcntl.LOCK_EX)
        except OSError:  # NFS locks only what is open for writing, and a folder never is
            number = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            opened.callback(os.close, number)
            fcntl.flock(number, fcntl.LOCK_EX)
        yield
