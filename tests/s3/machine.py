"""A machine of its own: a home, a cache, and the `dataq` command on a lake that others share."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SECONDS = 300


@dataclass(frozen=True)
class Machine:
    """`home` is its DATAQ_HOME, `lake` an address, `settings` what else is in its environment."""

    home: Path
    lake: str
    settings: dict[str, str] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        bare = {
            k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "DATAQ_", "DAGSTER_"))
        }
        own = {"DATAQ_HOME": str(self.home), "DATAQ_LAKE": self.lake, "DATAQ_LAKE_SECONDS": "300"}
        return {**bare, **own, **self.settings}

    def begin(self, *words: str) -> subprocess.Popen[str]:
        """`dataq WORDS…`, at work."""
        return subprocess.Popen(
            [sys.executable, "-m", "dataq_gateway", *words],
            cwd=ROOT,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def told(self, *words: str) -> tuple[int, str, str]:
        """`dataq WORDS…`: its exit code, and what it printed."""
        process = self.begin(*words)
        out, err = process.communicate(timeout=SECONDS)
        return process.returncode, out, err

    def dataq(self, *words: str) -> str:
        """`dataq WORDS…`, which has to succeed: what it printed."""
        code, out, err = self.told(*words)
        assert code == 0, err or out
        return out

    def source(self, name: str, folder: Path) -> None:
        """Adds a folder as a source."""
        self.dataq("sources", "add", name, "--plugin", "file_scanner", "--config", f"root={folder}")
