"""What runs have committed of their sources, told to whoever counts; nobody has to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(frozen=True)
class Stored:
    """More of one source since the last was told; nothing of it can be lost any more.

    `bytes` are those of the items, not of the files that keep them; `windows` are done of those
    that were `asked` for.
    """

    source: str
    items: int = 0
    bytes: int = 0
    windows: int = 0
    asked: int = 0


OnStored = Callable[[Stored], object]

_listeners: list[OnStored] = []


@contextmanager
def listening_for_stored(listener: OnStored) -> Iterator[None]:
    """Tells `listener` of all that this process commits while the block runs, from any thread."""
    _listeners.append(listener)
    try:
        yield
    finally:
        _listeners.remove(listener)


def is_counted() -> bool:
    """Whether somebody listens: counts that cost something need not be made for nobody."""
    return bool(_listeners)


def stored(more: Stored) -> None:
    """Passes on what is on disk now."""
    for listener in tuple(_listeners):
        listener(more)
