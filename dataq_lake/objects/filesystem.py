"""Lets DuckDB read objects through this process: it gets no secret, and nothing to write with."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from fsspec import AbstractFileSystem

from dataq_lake.objects.path import ObjectFacts, ObjectPath
from dataq_lake.objects.reader import ObjectReader

if TYPE_CHECKING:
    import duckdb

_LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


class ReadOnlyObjects(AbstractFileSystem):  # type: ignore[misc]
    """The objects of one kind of store; `sizes` of those that are known need not be asked for."""

    cachable = False

    def __init__(self, protocol: str, sizes: Mapping[str, int]) -> None:
        super().__init__()
        self.protocol = protocol
        self._sizes = dict(sizes)

    @classmethod
    def _strip_protocol(cls, path: str) -> str:
        return path

    def open(self, path: str, mode: str = "rb", **_: Any) -> ObjectReader:
        """The object to read in ranges; raises PermissionError for any other mode."""
        if mode != "rb":
            raise PermissionError(f"{path} is part of a lake: SQL only reads")
        facts = ObjectFacts(self.size(path), 0.0, "")
        place = ObjectPath.parse(path)
        return ObjectReader(ObjectPath(place.base, place.key, facts))

    def size(self, path: str) -> int:
        """Its bytes; what a lake has put never changes, so it is asked for once."""
        if path not in self._sizes:
            self._sizes[path] = ObjectPath.parse(path).look().st_size
        return self._sizes[path]

    def info(self, path: str, **_: Any) -> dict[str, Any]:
        """Name, size and kind."""
        return {"name": path, "size": self.size(path), "type": "file"}

    def exists(self, path: str, **_: Any) -> bool:
        """Whether it is there."""
        try:
            self.size(path)
        except FileNotFoundError:
            return False
        return True

    def glob(self, path: str, **_: Any) -> list[str]:
        """The path itself: views name each file."""
        return [path] if self.exists(path) else []

    def modified(self, path: str) -> datetime:  # noqa: ARG002 - they do not change
        """Long ago, always."""
        return _LONG_AGO


def reading_objects(
    connection: duckdb.DuckDBPyConnection, root: object, sizes: Mapping[str, int] | None = None
) -> None:
    """Lets `connection` read what lies in the store that the lake at `root` is in, if it is."""
    if isinstance(root, ObjectPath):
        protocol = root.base.partition(":")[0]
        connection.register_filesystem(ReadOnlyObjects(protocol, sizes or {}))
