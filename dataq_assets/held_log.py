"""What a plugin logs before there is a run to log it to."""

from __future__ import annotations

import threading

from dataq_plugins.host import OnLog


class HeldLog:
    """Keeps log lines until there is somebody to say them to."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._lines: list[tuple[str, str]] = []
        self._on_log: OnLog | None = None

    def __call__(self, level: str, line: str) -> None:
        with self._lock:
            if self._on_log is None:
                self._lines.append((level, line))
                return
        self._on_log(level, line)

    def release(self, on_log: OnLog) -> None:
        """Say what was kept, and from now on everything at once."""
        with self._lock:
            lines, self._lines, self._on_log = self._lines, [], on_log
            for level, line in lines:
                on_log(level, line)
