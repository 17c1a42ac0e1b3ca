"""A plugin that sends so many items of so many bytes, all different, and says what it cost."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

from dataq_plugins.sdk import Item, Log, Plugin, State, Window, serve


@dataclass(frozen=True)
class Load:
    """How much to send."""

    count: int
    size: int


class Wire(Plugin[Load]):
    """Items of one size, as fast as they go."""

    id = "wire"
    version = "1"

    def extract(
        self, _window: Window | None, _state: bytes | None, _full: bool
    ) -> Iterator[Item | State | Log]:
        """Yield the items, then the seconds of processor time since the first."""
        content = b"x" * (self.config.size - 16)
        begun = time.process_time()
        for number in range(self.config.count):
            metadata = {"owner": "me", "size": "500"}
            yield Item(
                f"item-{number}", b"%016d" % number + content, number, "text/plain", metadata
            )
        yield Log(f"cpu {time.process_time() - begun}")


if __name__ == "__main__":
    serve(Wire)
