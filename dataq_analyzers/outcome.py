"""How one task of a pool ended."""

from __future__ import annotations

from typing import Generic, Literal, NamedTuple, TypeVar

R = TypeVar("R")
Kind = Literal["crash", "timeout", "memory", "error"]


class Done(NamedTuple, Generic[R]):
    """What the function returned for the task at `index`."""

    index: int
    value: R


class Failed(NamedTuple):
    """Why the task at `index` gave nothing; `error` is the exception's class name, if any."""

    index: int
    kind: Kind
    reason: str
    error: str = ""
