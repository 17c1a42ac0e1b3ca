"""Runs a command and says how long it took, what it printed, and how much memory its tree held."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

DATAQ = (sys.executable, "-c", "from dataq_gateway.cli import main; main()")
PSS_SECONDS = 0.1


class BenchFailed(Exception):
    """A command that is measured did not succeed: the figure would mean nothing."""


@dataclass(frozen=True)
class Done:
    """What a command came to. `cpu` counts it and all that it waited for, in seconds."""

    seconds: float
    cpu: float
    out: str
    peak_pss: int = 0

    def json(self) -> dict[str, Any]:
        """The object on the last line of the output."""
        return dict(json.loads(self.out.strip().splitlines()[-1]))


def run(
    argv: Sequence[str | Path], *, env: Mapping[str, str] | None = None, watch_memory: bool = False
) -> Done:
    """Run a command to its end; BenchFailed with the end of its standard error if it fails."""
    begun = time.perf_counter()
    before = os.times()
    process = subprocess.Popen(
        [os.fspath(part) for part in argv],
        env={**os.environ, **(env or {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    watcher = _Watcher(process.pid) if watch_memory else None
    if watcher:
        watcher.start()
    out, err = process.communicate()
    seconds = time.perf_counter() - begun
    if watcher:
        watcher.stop()
    if process.returncode:
        tail = "\n".join(err.strip().splitlines()[-15:])
        raise BenchFailed(
            f"{' '.join(map(str, argv))}: exit {process.returncode}\n{tail}\n{out[-2000:]}"
        )
    after = os.times()
    cpu = (
        after.children_user + after.children_system - before.children_user - before.children_system
    )
    return Done(seconds, cpu, out, watcher.peak if watcher else 0)


class _Watcher(threading.Thread):
    """Adds up, ten times a second, the proportional memory of a process and its descendants."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.peak = 0
        self._pid = pid
        self._stopped = threading.Event()

    def run(self) -> None:
        while not self._stopped.wait(PSS_SECONDS):
            self.peak = max(self.peak, sum(map(_pss, _tree(self._pid))))

    def stop(self) -> None:
        """End the watch."""
        self._stopped.set()
        self.join()


def _tree(pid: int) -> list[int]:
    """A process and its descendants, as far as they can be seen now."""
    found, new = [pid], [pid]
    while new:
        new = [child for parent in new for child in _children(parent)]
        found += new
    return found


def _children(pid: int) -> list[int]:
    try:
        threads = os.listdir(f"/proc/{pid}/task")
    except OSError:
        return []
    found = []
    for thread in threads:
        try:
            text = Path(f"/proc/{pid}/task/{thread}/children").read_text()
        except OSError:
            continue
        found += [int(word) for word in text.split()]
    return found


def _pss(pid: int) -> int:
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0
    for line in text.splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    return 0
