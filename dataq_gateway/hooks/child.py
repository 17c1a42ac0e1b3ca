"""The process of a run, as the server sees it."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from contextlib import suppress

from dataq_gateway.hooks.archiving import NOT_MINE, TOLD
from dataq_resources.home import Home

LAST_WORDS = 2_000


class Child:
    """Starts `archiving` for a run; the process outlives this one, and its pipes break then."""

    def __init__(self, home: Home, run_id: str) -> None:
        """Starts it; raises OSError."""
        self._stderr = tempfile.TemporaryFile()  # noqa: SIM115 - closed in wait
        self._process = subprocess.Popen(
            [sys.executable, "-m", "dataq_gateway.hooks.archiving", run_id],
            env={**os.environ, "DATAQ_HOME": str(home.path)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._stderr,
            start_new_session=True,  # Ctrl-C at the server is not meant for it
        )
        self.pid = self._process.pid

    def claimed(self) -> str:
        """Waits until the process has the run; its name, empty if it ended without."""
        assert self._process.stdout is not None  # noqa: S101 - for mypy; it is a pipe
        with self._process.stdout as out:
            return out.readline().decode().strip()

    def tell(self) -> None:
        """Say that Dagster knows of the beginning."""
        assert self._process.stdin is not None  # noqa: S101 - for mypy; it is a pipe
        self._process.stdin.write(TOLD)
        self._process.stdin.flush()

    def wait(self) -> str:
        """Waits for the end; what was said last where that was not a regular one."""
        assert self._process.stdin is not None  # noqa: S101 - for mypy; it is a pipe
        with suppress(BrokenPipeError):
            self._process.stdin.close()
        code = self._process.wait()
        with self._stderr as said:
            if code in (0, NOT_MINE):
                return ""
            said.seek(max(0, said.seek(0, os.SEEK_END) - LAST_WORDS))
            return f"exit code {code}: {said.read().decode(errors='replace')}"
