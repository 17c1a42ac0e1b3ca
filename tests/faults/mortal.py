"""The source `file_scanner`, but it does what its home orders.

It kills itself at the item whose number `die_at` has, and waits in the folder `gate`.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from dataq_plugins.sdk import Log, serve
from dataq_plugins.sources.file_scanner.plugin import FileScanner

GUESTS = 2


class Mortal(FileScanner):
    """Dies once: the order is gone afterwards. Goes on once another process is at the gate too."""

    def extract(self, *args: Any) -> Iterator[Any]:
        home = Path(os.environ["DATAQ_HOME"])
        yield from self._wait(home / "gate")
        order = home / "die_at"
        for number, thing in enumerate(super().extract(*args)):
            if order.exists() and number == int(order.read_text()):
                order.unlink()
                os.kill(os.getpid(), signal.SIGKILL)
            yield thing

    def _wait(self, gate: Path) -> Iterator[Log]:
        if gate.is_dir():
            (gate / str(os.getpid())).touch()
            while len(list(gate.iterdir())) < GUESTS:
                time.sleep(0.2)
                yield Log("waiting", "debug")


if __name__ == "__main__":
    serve(Mortal)
