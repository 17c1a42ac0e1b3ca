"""Brings blobs to disk in the background, while the next ones are read; a commit waits for it."""

from __future__ import annotations

import os
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache
from pathlib import Path
from threading import Lock
from typing import BinaryIO

from dataq_lake.folders import private_folder, sync

OPEN_FILES = 32


class Settler:
    """The files of one blob store that have to be on disk before any row may name them."""

    def __init__(self) -> None:
        self._thread: ThreadPoolExecutor | None = None
        self._waiting: deque[Future[None]] = deque()
        self._lock = Lock()
        self._broken: BaseException | None = None

    def add(self, file: BinaryIO, path: Path, final: Path) -> None:
        """Takes over the open `file` at `path`, which gets its name `final` once it is on disk."""
        self._submit(file, path, final)

    def add_folder(self, folder: Path) -> None:
        """Takes a folder whose entries have to be on disk, whoever made them."""
        self._submit(None, folder, folder)

    def settle(self) -> None:
        """Returns when everything taken so far is on disk; raises what went wrong.

        After a failure it raises for good: nobody can tell which rows name the blob that is lost,
        nor which thread will commit them. The next process starts afresh.
        """
        with self._lock:  # who comes second waits for what the first waits for
            self._wait(0)

    def _wait(self, left: int) -> None:
        while len(self._waiting) > left and self._broken is None:
            self._broken = self._waiting.popleft().exception()
        if self._broken is not None:
            raise self._broken

    def _submit(self, file: BinaryIO | None, path: Path, final: Path) -> None:
        with self._lock:
            self._wait(OPEN_FILES - 1)
            self._thread = self._thread or ThreadPoolExecutor(1, "blobs")
            work = (_finish, file, path, final) if file else (sync, final)
            self._waiting.append(self._thread.submit(*work))


@cache
def settler(folder: Path) -> Settler:  # noqa: ARG001 - the cache tells them apart by it
    """The one settler of a blob store in this process: its blobs and rows may use two handles."""
    return Settler()


def _finish(file: BinaryIO, path: Path, final: Path) -> None:
    with file:
        os.fsync(file.fileno())
        made = not final.parent.is_dir()
        private_folder(final.parent)
        path.replace(final)
    sync(final.parent)
    if made:
        sync(final.parent.parent)
