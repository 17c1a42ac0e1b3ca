"""Parses what singer_emit.py writes with singer-sdk's reader, and prints how many there were."""

from __future__ import annotations

import sys
import time
from typing import Any

from records import SIZE, tell
from singer_sdk.singerlib.encoding import SimpleSingerReader


class Counter:
    """Counts the records that are whole; the clock starts with the first line."""

    count = 0
    begun: float | None = None

    def record(self, message: dict[str, Any]) -> None:
        """Take one record."""
        self.begun = time.process_time() if self.begun is None else self.begun
        self.count += len(message["record"]["content"]) == SIZE


def main() -> None:
    """Read to the end."""
    counter = Counter()
    others = ("SCHEMA", "STATE", "ACTIVATE_VERSION", "BATCH")
    callbacks = {"RECORD": counter.record, **dict.fromkeys(others, lambda _: None)}
    SimpleSingerReader().process_lines(sys.stdin, callbacks)
    tell("parse", counter.begun or 0)
    print(counter.count)


if __name__ == "__main__":
    main()
