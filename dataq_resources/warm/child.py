"""A process that the server has forked: it waits for the word to begin, and does one task."""

from __future__ import annotations

import importlib
import os
import signal
import sys
from contextlib import suppress
from dataclasses import dataclass

from dataq_resources.warm.tasks import TASKS
from dataq_resources.warm.wire import Request


@dataclass(frozen=True)
class Child:
    """What it is to do, and the files that came with that."""

    request: Request
    files: list[int]

    def run(self) -> int:
        """The exit code of the task; 0 where the other side ended before it said to begin."""
        os.setsid()  # Ctrl-C at whoever has asked is not meant for it
        for number in (signal.SIGTERM, signal.SIGCHLD):
            signal.signal(number, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        if not self._may_begin():
            return 0
        os.environ.clear()
        os.environ.update(self.request.environment)
        with suppress(OSError):  # it may be gone; nothing of ours is relative to it
            os.chdir(self.request.folder)
        module, _, function = TASKS[self.request.task].partition(":")
        return int(getattr(importlib.import_module(module), function)(*self.request.words))

    def _may_begin(self) -> bool:
        *own, begin = self.files
        for number, each in enumerate(own):
            os.dup2(each, number)
            os.close(each)
        for stream in (sys.stdout, sys.stderr):
            stream.reconfigure(line_buffering=True)  # type: ignore[union-attr]
        try:
            return os.read(begin, 1) != b""
        finally:
            os.close(begin)
