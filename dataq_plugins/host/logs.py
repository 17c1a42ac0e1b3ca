"""A plugin's standard error becomes log lines, at their level, without secrets and without end."""

from __future__ import annotations

import logging
import os
import re
import threading
from collections.abc import Callable

OnLog = Callable[[str, str], None]
"""Takes a level (debug, info, warning, error) and one line."""

LINE_BYTES = 64 << 10
LINE_SHOWN = 4096
LEVELS = {
    "TRACE": "debug",
    "DEBUG": "debug",
    "INFO": "info",
    "NOTICE": "info",
    "WARN": "warning",
    "WARNING": "warning",
    "ERROR": "error",
    "CRITICAL": "error",
    "FATAL": "error",
}
PREFIX = re.compile(rf"\[?({'|'.join(LEVELS)})\]?\s*[:|\-\]]\s*(?=\S)", re.IGNORECASE)
TRACEBACK = "Traceback (most recent call last):"


def split_level(line: str) -> tuple[str, str]:
    """Return level and message of a line such as `WARNING: quota is low`; info by default."""
    match = PREFIX.match(line)
    return (LEVELS[match[1].upper()], line[match.end() :]) if match else ("info", line)


def to_logging(source: str) -> OnLog:
    """Return what writes lines to the standard library's logger `dataq.plugins.<source>`."""
    logger = logging.getLogger(f"dataq.plugins.{source}")
    return lambda level, line: logger.log(getattr(logging, level.upper()), "%s", line)


class LogForwarder:
    """Reads a descriptor in a thread until its end, then closes it.

    Calls `too_much` when it passes `limit` bytes.
    """

    def __init__(
        self,
        descriptor: int,
        limit: int,
        on_log: OnLog,
        redact: Callable[[str], str],
        too_much: Callable[[], None],
    ) -> None:
        self.last_line = ""
        self._descriptor = descriptor
        self._left = limit
        self._on_log = on_log
        self._redact = redact
        self._too_much = too_much
        self._in_traceback = False
        self._thread = threading.Thread(target=self._run, name="plugin-log", daemon=True)
        self._thread.start()

    def join(self, seconds: float) -> None:
        """Wait until everything written so far was forwarded."""
        self._thread.join(seconds)

    def _run(self) -> None:
        try:
            self._read()
        finally:
            os.close(self._descriptor)

    def _read(self) -> None:
        rest = b""
        while data := os.read(self._descriptor, LINE_BYTES):
            if self._left < 0:
                continue  # unread text would block the plugin before its end is noticed
            self._left -= len(data)
            if self._left < 0:
                self._too_much()
                continue
            *lines, rest = (rest + data).split(b"\n")
            for line in lines:
                self._forward(line)
            if len(rest) > LINE_BYTES:
                self._forward(rest)
                rest = b""
        self._forward(rest)

    def _forward(self, raw: bytes) -> None:
        text = raw.decode("utf-8", "replace").rstrip()
        if not text:
            return
        line = self._redact(text)[:LINE_SHOWN]
        level, message = split_level(line)
        if self._in_traceback or text == TRACEBACK:
            level, self._in_traceback = "error", text == TRACEBACK or text.startswith(" ")
        self.last_line = message
        try:
            self._on_log(level, message)
        except Exception:  # a broken log must not stop the plugin: it would block on its pipe
            logging.getLogger(__name__).exception("the log of a plugin could not be written")
