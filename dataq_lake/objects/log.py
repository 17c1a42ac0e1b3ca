"""The Delta log in an object store: one listing tells what is new, and only that is fetched."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from dataq_lake.log import DeltaLog

if TYPE_CHECKING:
    from dataq_lake.objects.path import ObjectPath

AT_ONCE = 16


class ObjectLog(DeltaLog):
    """As DeltaLog; what is there costs one request if nothing is new, commits come side by side."""

    folder: ObjectPath

    def __init__(self, folder: ObjectPath) -> None:
        super().__init__(folder)
        self._listed: tuple[int, dict[str, ObjectPath]] | None = None
        self._read: dict[int, ObjectPath] = {}

    def _stamp(self, version: int) -> object:
        # ".json" comes after ".i", a checkpoint of the same version before it.
        found = {path.name: path for path in self.folder.below(f"{version:020}.i")}
        self._listed = (version, found)
        return _stamp(found.get(f"{version:020}.json"))

    def _stamp_read(self, version: int) -> object:
        listed = self._read.get(version)
        return _stamp(listed) if listed else self._stamp(version)

    def _later(self, version: int) -> Iterator[list[dict[str, Any]]]:
        listed, self._listed = self._listed, None
        if listed is None or listed[0] != version:
            paths = self.folder.below(f"{version:020}.i" if version >= 0 else None)
            listed = version, {path.name: path for path in paths}
        wanted: list[tuple[int, ObjectPath]] = []
        while (name := f"{version + 1:020}.json") in listed[1]:
            version += 1
            wanted.append((version, listed[1][name]))
        self._read = dict(wanted[-1:])
        if len(wanted) == 1:
            yield self._actions(version)
        elif wanted:
            with ThreadPoolExecutor(AT_ONCE, "log") as threads:
                yield from threads.map(self._actions, (number for number, _ in wanted))


def _stamp(commit: ObjectPath | None) -> object:
    return (commit.stat().e_tag, commit.stat().st_mtime) if commit else None
