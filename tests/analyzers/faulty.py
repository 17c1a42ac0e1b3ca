"""Functions that misbehave on purpose, importable by worker processes."""

from __future__ import annotations

import ctypes
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any


def double(number: int) -> int:
    return 2 * number


def misbehave(task: tuple[str, Any]) -> Any:
    """What the task's first part says, with its second part as argument."""
    what, argument = task
    return _DEEDS[what](argument)


def _spin_in_c(_: Any) -> int:
    return sum(1 for _ in iter(int, 1))


def _eat(size: int) -> int:
    return len(bytearray(size))


def _raise(message: str) -> None:
    raise ValueError(message)


class _Unspeakable(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no words")


def _unspeakable(_: Any) -> None:
    raise _Unspeakable


def _killed_once(mark: str) -> str:
    """As if a person had killed the worker, the first time."""
    try:
        Path(mark).touch(exist_ok=False)
    except FileExistsError:
        return "done"
    os.kill(os.getpid(), signal.SIGKILL)
    return "never"


_DEEDS: dict[str, Callable[[Any], Any]] = {
    "double": double,
    "segfault": lambda _: ctypes.string_at(0),
    "exit": os._exit,
    "abort": lambda _: os.abort(),
    "killed": lambda _: os.kill(os.getpid(), signal.SIGKILL),
    "killed_once": _killed_once,
    "hang": time.sleep,
    "spin": _spin_in_c,
    "eat": _eat,
    "raise": _raise,
    "system_exit": lambda code: (_ for _ in ()).throw(SystemExit(code)),
    "unspeakable": _unspeakable,
    "unpicklable": lambda _: lambda: None,
    "pid": lambda _: os.getpid(),
    "big": lambda size: b"x" * size,
    "shout": lambda size: os.write(2, b"y" * size),
}
