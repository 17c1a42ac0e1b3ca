"""What can be told of a connection without asking anything on it."""

from __future__ import annotations

import select
import socket


def is_dropped(peer: socket.socket) -> bool:
    """Return whether the server has closed a connection that nothing is asked on."""
    ready = select.poll()
    ready.register(peer, select.POLLIN)
    return bool(ready.poll(0))


def reason(error: Exception) -> str:
    """Return why a connection failed, in one line."""
    text = getattr(error, "strerror", None) or str(error)
    return " ".join(str(text).split()) or type(error).__name__
