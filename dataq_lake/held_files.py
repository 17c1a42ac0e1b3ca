"""The files that a lazy frame was made of: they may have gone by the time that it is read."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from dataq_lake.errors import REPAIR, ContentLost, VersionGone
from dataq_lake.location import Location

if TYPE_CHECKING:
    import polars as pl

STORE_SECONDS = 60.0


@dataclass(frozen=True)
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

    def __call__(self, frame: pl.LazyFrame, _: pl.Schema) -> pl.LazyFrame:
        """`frame`, where its files are; raises VersionGone, or ContentLost if none should go."""
        gone = self._gone()
        if gone:
            raise self._told(gone)
        return frame

    def _gone(self) -> list[Location]:
        if isinstance(self.files[0], Path):
            return [file for file in self.files if not file.exists()]
        if time.time() - self.since < STORE_SECONDS:
            return []
        folders = {file.parent for file in self.files}
        there = {str(file) for folder in folders for file in folder.iterdir()}
        return [file for file in self.files if str(file) not in there]

    def _told(self, gone: list[Location]) -> VersionGone | ContentLost:
        from dataq_lake.lake import open_lake

        now = {str(file) for file in open_lake(self.root).table(self.table).files()}
        for file in gone:
            if str(file) in now:
                return ContentLost(
                    f"{file.name} of table {self.table} belongs to its newest version but is "
                    f"gone: {REPAIR}"
                )
        return VersionGone(
            f"version {self.version} of table {self.table} was cleaned up after this frame was "
            f"made of it ({len(gone)} of its {len(self.files)} files are gone): open the table "
            "again; a snapshot with a name (`dataq snapshots create NAME`) keeps a version for as "
            "long as it is needed"
        )
