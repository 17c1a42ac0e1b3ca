"""The files that a lazy frame was made of: they may have gone by the time that it is read."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING
from weakref import WeakSet

from dataq_lake.location import Location
from dataq_lake.lost_files import lost

if TYPE_CHECKING:
    import polars as pl

STORE_SECONDS = 60.0


@dataclass(frozen=True, eq=False)
class HeldFiles:
    """The files of a table at `version`, for a frame of the lake at `root` that is read later.

    It is a function for `LazyFrame.pipe_with_schema`: Polars calls it while it plans to read, and
    reads the frame itself. That costs a look at each file; in an object store a look at the folder,
    and only if the frame is older than STORE_SECONDS.
    """

    root: Location
    table: str
    version: int
    files: tuple[Location, ...]
    since: float = field(default_factory=time.time)

    def __post_init__(self) -> None:
        with _lock:
            _alive.add(self)

    def __call__(self, frame: pl.LazyFrame, _: pl.Schema) -> pl.LazyFrame:
        """`frame`, where its files are; raises VersionGone, or ContentLost if none should go."""
        if self._is_worth_a_look and (gone := self._gone()):
            names = [file.name for file in gone]
            raise lost(self.root, self.table, self.version, names, len(self.files))
        return frame

    def names(self, file: str) -> bool:
        """Whether a file of this name is among them."""
        return any(each.name == file for each in self.files)

    @property
    def _is_worth_a_look(self) -> bool:
        on_disk = isinstance(self.files[0], Path)
        return on_disk or time.time() - self.since >= STORE_SECONDS

    def _gone(self) -> list[Location]:
        if isinstance(self.files[0], Path):
            return [file for file in self.files if not file.exists()]
        folders = {file.parent for file in self.files}
        there = {str(file) for folder in folders for file in folder.iterdir()}
        return [file for file in self.files if str(file) not in there]


_alive: WeakSet[HeldFiles] = WeakSet()
_lock = Lock()


def alive() -> list[HeldFiles]:
    """What the frames are made of that somebody in this process still has."""
    with _lock:
        return list(_alive)
