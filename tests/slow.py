"""A source that is at work until it is let go, and waiting for what it brings about."""

from __future__ import annotations

import json
import sys
import textwrap
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

SECONDS = 300
PLUGIN = """
    import os, pathlib, sys, time
    sys.stdin.buffer.read()
    gate, begun = map(pathlib.Path, sys.argv[1:])
    with begun.open("a") as told:
        told.write(f"{time.time()} {os.getpid()}\\n")
    while not gate.exists():
        time.sleep(0.05)
"""


def eventually(look: Callable[[], Any]) -> Any:
    """What `look` finds once it finds something."""
    until = time.monotonic() + SECONDS
    while time.monotonic() < until:
        if found := look():
            return found
        time.sleep(0.02)
    pytest.fail(f"nothing after {SECONDS} s")


@dataclass(frozen=True)
class SlowSource:
    """The source `slow`, whose plugin writes down that it has begun and ends once `gate` is there.

    Its script and what it writes lie in `folder`.
    """

    folder: Path

    @property
    def gate(self) -> Path:
        return self.folder / "gate"

    @property
    def _begun(self) -> Path:
        return self.folder / "begun"

    def declare(self, sources: Path) -> Path:
        """Writes its definition below `sources`; the file."""
        script = self.folder / "plugin.py"
        script.write_text(textwrap.dedent(PLUGIN))
        attributes = {
            "name": "slow",
            "command": [sys.executable, str(script), str(self.gate), str(self._begun)],
            "protocol": "plain",
            "limits": {"silence_seconds": SECONDS},
        }
        file = sources / "slow" / "defs.yaml"
        file.parent.mkdir(parents=True)
        component = {"type": "dataq_assets.components.SourcePlugin", "attributes": attributes}
        file.write_text(json.dumps(component))
        return file

    def begun(self) -> list[tuple[float, int]]:
        """When its plugin was asked, Unix seconds, and the process that was."""
        if not self._begun.exists():
            return []
        lines = (line.split() for line in self._begun.read_text().splitlines())
        return [(float(when), int(process)) for when, process in lines]

    def again(self) -> None:
        """Has the next one wait, and forgets those before."""
        for path in (self.gate, self._begun):
            path.unlink(missing_ok=True)
