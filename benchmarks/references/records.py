"""The records that every framework sends: those of drivers/wire_plugin.py, fit for JSON."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from typing import Any

SIZE = 500


def records(count: int) -> Iterator[dict[str, Any]]:
    """Yield them; when they are drained, tell the processor time since the first."""
    content = "x" * (SIZE - 16)
    begun = time.process_time()
    for number in range(count):
        yield {
            "id": f"item-{number}",
            "content": f"{number:016d}{content}",
            "timestamp": number,
            "content_type": "text/plain",
            "metadata": {"owner": "me", "size": "500"},
        }
    tell("emit", begun)


def tell(what: str, begun: float) -> None:
    """Say on standard error what something cost."""
    # Not through sys.stderr: airbyte-cdk sends that to standard output.
    os.write(2, f"cpu {what} {time.process_time() - begun}\n".encode())
