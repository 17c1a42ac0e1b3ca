"""What a delivery is refused for, as its sender is told, and hooks that cannot be used."""

from __future__ import annotations

from pathlib import Path

from dataq_gateway.errors import CommandFailed


class Refused(Exception):
    """Do not take the delivery: the answer has this status and says why in a line."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


class FixHook(Exception):
    """A hook's file or its secrets are wrong: the message names file, line and setting."""

    def __init__(self, path: Path, reason: str, line: int | None = None) -> None:
        place = str(path) if line is None else f"{path}:{line}"
        super().__init__(f"{place}: {reason}")
        self.path = path


class DamagedStore(CommandFailed):
    """Move the file of deliveries away, or put it back from a copy: it cannot be read."""
