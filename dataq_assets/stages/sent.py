"""Remembers what the tasks in a pool are about, for as long as they are out."""

from __future__ import annotations

from typing import Generic, TypeVar

T = TypeVar("T")


class Sent(Generic[T]):
    """Tasks are counted from 0, as the pool counts them."""

    def __init__(self) -> None:
        self._count = 0
        self._out: dict[int, T] = {}

    def note(self, about: T) -> None:
        """The next task is about this."""
        self._out[self._count] = about
        self._count += 1

    def take(self, index: int) -> T:
        """What the task at `index` was about; asked once, when its outcome is there."""
        return self._out.pop(index)
