"""A delivery whose signature was good, and what is answered to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Delivery:
    """What one POST brought: `id` is its sender's, the same each time it is sent again."""

    hook: str
    id: str
    body: bytes
    sources: tuple[str, ...]
    refuse: bool = False
    """Whether it is not taken while a run of its hook is not over."""


@dataclass(frozen=True)
class Verdict:
    """`accepted` and `duplicate` name the run that the delivery is in, `refused` the one before."""

    kind: Literal["accepted", "duplicate", "refused"]
    run_id: str
    begins: bool = False
    """Whether the run is waited for since this very delivery."""


@dataclass(frozen=True)
class Run:
    """What deliveries of a hook start: they are in it if they came before it started."""

    id: str
    hook: str
    sources: tuple[str, ...]
    attempt: int = 1
    process: str | None = None
