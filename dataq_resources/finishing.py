"""Which assets a run has stored, told to whoever listens; nobody has to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

OnFinished = Callable[[tuple[str, ...]], object]

_listeners: list[OnFinished] = []


@contextmanager
def listening_for_assets(listener: OnFinished) -> Iterator[None]:
    """Tells `listener` the key of every asset stored in this process while the block runs."""
    _listeners.append(listener)
    try:
        yield
    finally:
        _listeners.remove(listener)


def finished(asset: tuple[str, ...]) -> None:
    """Passes on that all tables of an asset are committed."""
    for listener in tuple(_listeners):
        listener(asset)
