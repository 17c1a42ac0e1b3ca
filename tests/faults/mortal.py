"""The source `file_scanner`, but it kills itself at the item whose number die_at has."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from dataq_plugins.sdk import serve
from dataq_plugins.sources.file_scanner.plugin import FileScanner


class Mortal(FileScanner):
    """Dies once: the order is gone afterwards."""

    def extract(self, *args: Any) -> Iterator[Any]:
        order = Path(os.environ["DATAQ_HOME"]) / "die_at"
        for number, thing in enumerate(super().extract(*args)):
            if order.exists() and number == int(order.read_text()):
                order.unlink()
                os.kill(os.getpid(), signal.SIGKILL)
            yield thing


if __name__ == "__main__":
    serve(Mortal)
