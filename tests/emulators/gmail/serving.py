"""An emulator for the length of a block."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tests.emulators.gmail.emulator import Gmail


@contextmanager
def serve(port: int = 0) -> Iterator[Gmail]:
    """From threads of this process."""
    gmail = Gmail(port)
    try:
        yield gmail
    finally:
        gmail.stop()
    for problem in gmail.problems():
        raise problem
