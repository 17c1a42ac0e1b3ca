"""Reads an object as a file: what is asked for and a little more, never all of a large one."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from dataq_lake.objects.refusals import patiently

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

    from dataq_lake.objects.path import ObjectPath

AHEAD = 1 << 20


class ObjectReader(io.RawIOBase):
    """An object in ranges of at least AHEAD bytes, the last of which is kept."""

    def __init__(self, path: ObjectPath) -> None:
        self.path = path
        self.name = str(path)
        self._at = 0
        self._size = path.stat().st_size
        self._kept, self._start = b"", 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def size(self) -> int:
        """The bytes of the object."""
        return self._size

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        self._at = max(0, base + offset)
        return self._at

    def readinto(self, buffer: WriteableBuffer) -> int:
        view = memoryview(buffer).cast("B")
        data = self._range(len(view))
        view[: len(data)] = data
        self._at += len(data)
        return len(data)

    def read(self, size: int | None = -1) -> bytes:
        """The next `size` bytes, all that is left by default."""
        left = self._size - self._at
        data = self._range(left if size is None or size < 0 else size)
        self._at += len(data)
        return data

    def readall(self) -> bytes:
        return self.read()

    def _range(self, size: int) -> bytes:
        size = max(0, min(size, self._size - self._at))
        begin = self._at - self._start
        if begin < 0 or begin + size > len(self._kept):
            self._fetch(size)
            begin = self._at - self._start
        return self._kept[begin : begin + size]

    def _fetch(self, size: int) -> None:
        import obstore

        # A reader that begins at the end wants a footer, and then what lies before it.
        end = min(self._size, max(self._at + size, self._at + AHEAD))
        start = min(self._at, max(0, end - AHEAD)) if end == self._size else self._at
        if size == 0:
            return
        path = self.path
        found = patiently(
            path, lambda: bytes(obstore.get_range(path.store, path.key, start=start, end=end))
        )
        self._kept, self._start = found, start
