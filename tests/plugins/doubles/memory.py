"""An in-memory plugin on the SDK: notes that grow in number, with times, state and windows."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from dataq_plugins.sdk import (
    Abandon,
    Item,
    Log,
    Plugin,
    SettingError,
    State,
    Unreachable,
    Window,
    serve,
    setting,
    window_around,
)

START = 1_700_000_000
DAY = 86_400
MIB = 1 << 20


@dataclass(frozen=True)
class Config:
    count: int = setting(100, doc="How many notes there are.", minimum=0)
    size: int = setting(100, doc="Bytes of each.", minimum=0)
    big: int = setting(0, doc="Bytes of one more note that travels in chunks.")
    undated: bool = setting(False, doc="Whether the notes have no time.")
    pause: float = setting(0.0, doc="Seconds to sleep before the last note.")
    colour: Literal["red", "blue"] = setting("red", doc="Of the ink.")
    words: list[str] = setting([], doc="Some words.")
    token: str = setting("", doc="Opens the notebook.", secret=True)
    trouble: str = setting("", doc="What to do wrong.")


class Memory(Plugin[Config]):
    """Notes that exist only here."""

    id = "memory"
    name = "Memory"
    version = "1.2"
    time_basis = "created"

    def configure(self) -> None:
        if self.config.count == 13:
            raise SettingError("count", "is unlucky; choose another number")

    def check(self) -> None:
        if self.config.trouble == "unreachable":
            raise Unreachable(f"nobody opens the notebook with {self.config.token}")

    def discover(self, state: bytes | None, granularity: str) -> Iterable[Window]:
        if self.config.undated:
            return set()
        restless = self.config.trouble == "restless"
        first = 0 if restless else _sent(state)
        times = (START + number * DAY for number in range(first, self.config.count))
        return sorted({window_around(t, granularity) for t in times}, key=lambda w: w.start)

    def extract(
        self, window: Window | None, state: bytes | None, full: bool
    ) -> Iterator[Item | State | Log]:
        yield Log("opening the notebook", "debug")
        self._misbehave()
        first = 0 if full else _sent(state)
        for number in range(first, self.config.count):
            when = START + number * DAY
            if number == self.config.count - 1:
                time.sleep(self.config.pause)
            if window is None or when in window:
                yield self._note(number, when)
        if self.config.big and not (state and not full):
            yield Item("big", self._pieces(), metadata={"kind": "big"})
        yield State(json.dumps(self.config.count).encode())

    def _note(self, number: int, when: int) -> Item:
        text = f"note {number} in {self.config.colour} ".encode()
        return Item(
            f"note-{number}",
            (text * (self.config.size // len(text) + 1))[: self.config.size],
            None if self.config.undated else when,
            "text/plain",
            {"number": str(number), "colour": self.config.colour},
        )

    def _pieces(self) -> Iterator[bytes]:
        left = self.config.big
        while left > 0:
            yield b"\xa5" * min(left, MIB)
            left -= MIB
            if self.config.trouble == "torn":
                raise Abandon

    def _misbehave(self) -> None:
        match self.config.trouble:
            case "print":
                print("a stray line on standard output")
            case "raise":
                raise KeyError("the notebook")
            case "leak":
                print(f"WARNING: the token is {self.config.token}", file=sys.stderr)
                raise RuntimeError(f"could not log in with {self.config.token}")


def _sent(state: bytes | None) -> int:
    return int(json.loads(state)) if state else 0


if __name__ == "__main__":
    serve(Memory)
