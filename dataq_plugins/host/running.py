"""Every plugin that runs in this process, so that an interrupted command can end them all."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock

_lock = Lock()
_cancels: set[Callable[[], None]] = set()


def started(cancel: Callable[[], None]) -> None:
    """Remember how a plugin that has started is ended."""
    with _lock:
        _cancels.add(cancel)


def ended(cancel: Callable[[], None]) -> None:
    """Forget it again."""
    with _lock:
        _cancels.discard(cancel)


def cancel_all() -> None:
    """Cancel whatever every plugin of this process is doing; each raises PluginCancelled."""
    with _lock:
        cancels = list(_cancels)
    for cancel in cancels:
        cancel()
