"""Two numbers that a pool and its worker both see, also after the worker has died."""

from __future__ import annotations

import mmap
import os
import struct

_NUMBER = struct.Struct("q")
_CURRENT, _CONSUMED, _SIZE = 0, 8, 16
NOTHING = -1


class Cells:
    """`current`: the index of the item in work. `consumed`: bytes of results the pool has read."""

    def __init__(self, descriptor: int) -> None:
        self._map = mmap.mmap(descriptor, _SIZE)

    @classmethod
    def create(cls) -> tuple[Cells, int]:
        """New cells, and the descriptor by which the worker opens the same ones."""
        descriptor = os.memfd_create("dataq-cells", os.MFD_CLOEXEC)
        os.ftruncate(descriptor, _SIZE)
        cells = cls(descriptor)
        cells.current = NOTHING
        return cells, descriptor

    @property
    def current(self) -> int:
        return int(_NUMBER.unpack_from(self._map, _CURRENT)[0])

    @current.setter
    def current(self, index: int) -> None:
        _NUMBER.pack_into(self._map, _CURRENT, index)

    @property
    def consumed(self) -> int:
        return int(_NUMBER.unpack_from(self._map, _CONSUMED)[0])

    @consumed.setter
    def consumed(self, count: int) -> None:
        _NUMBER.pack_into(self._map, _CONSUMED, count)

    def close(self) -> None:
        self._map.close()
