"""A source that sends enough for a commit, then waits at a gate, in the folder of its setting.

`fails` there has it end with an error that holds its secret.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from dataq_plugins.sdk import Item, Log, Plugin, Window, serve, setting

PAYLOAD = b"The same long letter about apples. " * 7_000
"""Just under what still lies in a row of raw."""
FIRST, MORE = 140, 20
"""The first are over 32 MB; a commit waits a second for more."""


@dataclass(frozen=True)
class Settings:
    folder: Path
    secret: str = setting(default="", secret=True)


class Feed(Plugin[Settings]):
    id, version = "feed", "1"

    def extract(
        self, window: Window | None, state: bytes | None, full: bool
    ) -> Iterator[Item | Log]:
        folder = self.config.folder
        if (folder / "fails").exists():
            raise RuntimeError(f"the far side has no door for {self.config.secret}")
        yield from (Item(f"first/{number}", PAYLOAD, 1) for number in range(FIRST))
        time.sleep(1.2)
        yield from (Item(f"more/{number}", PAYLOAD, 1) for number in range(MORE))
        (folder / "waiting").touch()
        while not (folder / "gate").exists():
            time.sleep(0.1)
            yield Log("waiting", "debug")
        yield Item("last", b"The last letter.", 1)


if __name__ == "__main__":
    serve(Feed)
