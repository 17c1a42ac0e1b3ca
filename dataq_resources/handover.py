"""What is made ready before a run and taken by its steps, in the same process.

Dagster takes seconds to load and its resources carry plain settings only; so what can begin
beside that is left here, under a key, and a step that finds nothing makes its own.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol, TypeVar


class Closing(Protocol):
    """Something that has to be closed if nobody takes it."""

    def close(self) -> None: ...


T = TypeVar("T", bound=Closing)


class Handover:
    """Things by their keys, until they are taken or the handover ends."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._things: dict[Hashable, Closing] = {}
        self._prepared: set[Hashable] = set()
        self._ended = False

    @property
    def ended(self) -> bool:
        """Whether nobody takes anything any more."""
        return self._ended

    def offer(self, key: Hashable, thing: Closing) -> None:
        """Leave a thing to whoever takes it; too late, or one more of a key, it is closed."""
        with self._lock:
            if not self._ended and key not in self._things:
                self._things[key] = thing
                return
        thing.close()

    def prepare(self, key: Hashable, make: Callable[[], Closing]) -> None:
        """Make and leave a thing, unless there is or was one of this key."""
        with self._lock:
            if self._ended or key in self._prepared:
                return
            self._prepared.add(key)
        self.offer(key, make())

    def take(self, key: Hashable) -> Closing | None:
        """The thing, from now on the caller's to close."""
        with self._lock:
            return self._things.pop(key, None)

    def end(self) -> None:
        """Close what nobody took."""
        with self._lock:
            self._ended = True
            left = list(self._things.values())
            self._things.clear()
        for thing in left:
            thing.close()


_open: list[Handover] = []


@contextmanager
def handing_over() -> Iterator[Handover]:
    """A handover to the runs in this block, from any thread."""
    handover = Handover()
    _open.append(handover)
    try:
        yield handover
    finally:
        _open.remove(handover)
        handover.end()


def left(key: Hashable, make: Callable[[], T]) -> T | None:
    """What `make` makes, left under a key for a later step; None where no handover is open."""
    if not _open:
        return None
    thing = make()
    _open[-1].offer(key, thing)
    return thing


def taken(key: Hashable) -> Any:
    """What was left under a key, None if nothing was."""
    things = (handover.take(key) for handover in tuple(_open))
    return next((thing for thing in things if thing is not None), None)
