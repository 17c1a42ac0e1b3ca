"""How one task of a pool ended."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, Literal, TypeVar

R = TypeVar("R")
Kind = Literal["crash", "timeout", "memory", "error"]


@dataclass(frozen=True, slots=True)
class Done(Generic[R]):
    """What the function returned for the task at `index`."""

    index: int
    value: R


@dataclass(frozen=True, slots=True)
class Failed:
    """Why the task at `index` gave nothing; `error` is the exception's class name, if any."""

    index: int
    kind: Kind
    reason: str
    error: str = ""
