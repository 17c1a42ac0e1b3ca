"""How far work has come, told to whoever listens; nobody has to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Progress:
    """`done` of `total` (None: unknown) `unit`s of one stage; `source` where it is one source's."""

    stage: str
    done: int
    total: int | None = None
    unit: str = "rows"
    source: str | None = None


OnProgress = Callable[[Progress], Any]

# Dagster's resources carry plain settings only, so a callback reaches the steps by this way.
_listeners: list[OnProgress] = []


@contextmanager
def listening(listener: OnProgress | None) -> Iterator[None]:
    """Tells `listener` of all progress in this process while the block runs, from any thread."""
    if listener is None:
        yield
        return
    _listeners.append(listener)
    try:
        yield
    finally:
        _listeners.remove(listener)


def tell(
    stage: str, done: int, total: int | None = None, unit: str = "rows", source: str | None = None
) -> None:
    """Passes progress on."""
    for listener in _listeners:
        listener(Progress(stage, done, total, unit, source))
