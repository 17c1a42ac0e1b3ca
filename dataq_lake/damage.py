"""What a look at the lake's own files finds: one thing that is not as it was written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

Told = Callable[[int], object]
"""Hears how many bytes more were looked at."""


@dataclass(frozen=True)
class Damage:
    """`place` names a file, a blob or a part; `reason` says in one line what is wrong with it.

    What is not `mendable` must not be touched: a broken log, or what a newer DataQ has written.
    """

    place: str
    reason: str
    mendable: bool = True


def unheard(_: int) -> None:
    """Nobody listens."""
