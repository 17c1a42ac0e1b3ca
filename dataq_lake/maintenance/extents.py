"""How much of a lake there is: live files of tables, and what lies on disk."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from dataq_lake.lake import Lake
from dataq_lake.location import Location


@dataclass(frozen=True)
class Extent:
    """How much there is of what a task looks after."""

    files: int = 0
    bytes: int = 0

    def __add__(self, other: Extent) -> Extent:
        return Extent(self.files + other.files, self.bytes + other.bytes)


def live_tables(lake: Lake) -> Extent:
    """The files that the newest versions of all tables are made of."""
    snapshots = (lake.table(name).snapshot() for name in lake.stored())
    sizes = [file.size for found in snapshots if found for file in found.files]
    return Extent(len(sizes), sum(sizes))


def on_disk(folder: Location) -> Extent:
    """Everything below `folder`, what has several names counted once."""
    if not isinstance(folder, Path):
        sizes = [path.stat().st_size for path in folder.below()]
        return Extent(len(sizes), sum(sizes))
    seen: dict[tuple[int, int], int] = {}
    for root, _, names in os.walk(folder):
        for name in names:
            try:
                stat = os.stat(os.path.join(root, name), follow_symlinks=False)  # noqa: PTH116, PTH118 - a million files
            except FileNotFoundError:
                continue
            seen[stat.st_dev, stat.st_ino] = stat.st_size
    return Extent(len(seen), sum(seen.values()))
