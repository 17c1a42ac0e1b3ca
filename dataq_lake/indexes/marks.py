"""What people say of a snapshot, apart from the snapshot itself, which never changes.

    marks/<id>.json     its name, if it has one; who has a mark is kept

A mark without its snapshot is what is left of one that was retired.
"""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass

from dataq_lake.errors import InvalidName
from dataq_lake.location import Location
from dataq_lake.objects.path import ObjectPath
from dataq_lake.whole_file import write_whole

_NAME = re.compile(r"[a-z][a-z0-9_.-]{0,63}")


@dataclass(frozen=True)
class Mark:
    """`snapshot`, the whole id, is kept until somebody retires it."""

    snapshot: str
    name: str | None = None


class Marks:
    """The marks below one folder of indexes; written by whoever holds the folder's lock."""

    def __init__(self, folder: Location) -> None:
        self.folder = folder

    def all(self) -> dict[str, Mark]:
        """Every mark by the id of its snapshot."""
        try:
            files: list[Location] = [*self.folder.glob("*.json")]
            files.sort(key=str)
        except FileNotFoundError:
            return {}
        marks = (Mark(**json.loads(file.read_bytes())) for file in files)
        return {mark.snapshot: mark for mark in marks}

    def named(self, name: str) -> Mark | None:
        """The mark with this name."""
        return next((mark for mark in self.all().values() if mark.name == name), None)

    def write(self, mark: Mark) -> None:
        """Puts a mark in place, at once and for good."""
        content = json.dumps(asdict(mark))
        if isinstance(self.folder, ObjectPath):
            (self.folder / f"{mark.snapshot}.json").write_bytes(content.encode())
            return
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_whole(self.folder / f"{mark.snapshot}.json", content)

    def remove(self, snapshot: str) -> None:
        """Takes a mark away, if there is one."""
        self._file(snapshot).unlink(missing_ok=True)

    def _file(self, snapshot: str) -> Location:
        return self.folder / f"{snapshot}.json"


def checked_name(name: str) -> str:
    """`name`, if a snapshot may be called so; otherwise raises InvalidName."""
    if not _NAME.fullmatch(name):
        raise InvalidName(
            f"{name!r} is no name for a snapshot: use a to z, 0 to 9, _ . and -, a letter first, "
            "at most 64 characters"
        )
    return name
