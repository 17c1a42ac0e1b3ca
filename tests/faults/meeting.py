"""Has processes want the same lock at the same moment, and notes who is where it leads."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

# Whoever takes a lock of the lake while a run is under way.
TAKING = (
    "dataq_assets.runs.running",
    "dataq_resources.indexes",
    "dataq_resources.raw",
    "dataq_resources.tables",
)
PATIENCE_SECONDS = 300.0
STAY_SECONDS = 1.0

Lock = Callable[..., AbstractContextManager[None]]


@dataclass(frozen=True)
class Meeting:
    """The `guests` processes that take `lock` wait for each other before they do, in `folder`."""

    folder: str
    lock: str
    guests: int = 2

    def install(self) -> None:
        """Wrap the locks of this process; a module that takes none any more fails the test."""
        for name in TAKING:
            module: Any = import_module(name)
            module.locked = self._around(module.locked)

    def lines(self) -> list[list[str]]:
        """Who went in and out, in this order: "in" or "out", and the process."""
        return [line.split() for line in self._log.read_text().splitlines()]

    @property
    def _log(self) -> Path:
        return Path(self.folder) / "log"

    def _around(self, lock: Lock) -> Lock:
        @contextmanager
        def locked(folder: object, name: str, wait: bool = True) -> Iterator[None]:
            meets = name == self.lock
            if meets:
                self._come()
            with lock(folder, name, wait):
                if meets:
                    self._note("in")
                    self._stay()
                try:
                    yield
                finally:
                    if meets:
                        self._note("out")

        return locked

    def _come(self) -> None:
        Path(self.folder, f"{os.getpid()}.here").touch()
        self._wait(lambda: len(list(Path(self.folder).glob("*.here"))) >= self.guests)

    def _stay(self) -> None:
        """Gives the others time to come in too, if anything lets them."""
        self._wait(lambda: len({who for _, who in self.lines()}) >= self.guests, STAY_SECONDS)

    def _wait(self, done: Callable[[], bool], seconds: float = PATIENCE_SECONDS) -> None:
        until = time.monotonic() + seconds
        while not done() and time.monotonic() < until:
            time.sleep(0.01)

    def _note(self, word: str) -> None:
        with self._log.open("a") as file:
            file.write(f"{word} {os.getpid()}\n")
