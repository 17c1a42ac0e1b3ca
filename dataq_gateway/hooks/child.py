"""The process of a run, as the server sees it: forked from the warm one, or started anew."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from typing import BinaryIO

from dataq_gateway.hooks.archiving import NOT_MINE, TOLD
from dataq_resources.home import Home
from dataq_resources.warm.client import Begun, Warm
from dataq_resources.warm.errors import NotWarm

LAST_WORDS = 2_000


class Child:
    """Starts `archiving` for a run; the process outlives this one, and its pipes break then."""

    def __init__(self, home: Home, run_id: str, warm: Warm | None = None) -> None:
        """Starts it; raises OSError."""
        self._stderr = tempfile.TemporaryFile()  # noqa: SIM115 - closed in wait
        self.cold = ""
        """Why the process was not forked from the warm one; empty if it was."""
        commands, self._commands = os.pipe()
        out, answers = os.pipe()
        self._out: BinaryIO = os.fdopen(out, "rb")
        try:
            files = (commands, answers, self._stderr.fileno())
            self._process = self._forked(warm, run_id, files) or _started(home, run_id, files)
        except BaseException:
            os.close(self._commands)
            self._out.close()
            self._stderr.close()
            raise
        finally:
            os.close(commands)
            os.close(answers)
        self.pid = self._process.pid

    def _forked(self, warm: Warm | None, run_id: str, files: tuple[int, int, int]) -> Begun | None:
        if warm is None:
            return None
        begun = None
        try:
            begun = warm.begin("hook", [run_id], files)
            begun.go()
        except NotWarm as error:
            self.cold = str(error)
            if begun is not None:
                begun.close()
            return None
        return begun

    def claimed(self) -> str:
        """Waits until the process has the run; its name, empty if it ended without."""
        with self._out as out:
            return out.readline().decode().strip()

    def tell(self) -> None:
        """Say that Dagster knows of the beginning; raises OSError."""
        os.write(self._commands, TOLD)

    def wait(self) -> str:
        """Waits for the end; what was said last where that was not a regular one."""
        os.close(self._commands)
        code = self._process.wait()
        with self._stderr as said:
            if code in (0, NOT_MINE, None):  # None: the store knows the end
                return ""
            said.seek(max(0, said.seek(0, os.SEEK_END) - LAST_WORDS))
            return f"exit code {code}: {said.read().decode(errors='replace')}"


def _started(home: Home, run_id: str, files: tuple[int, int, int]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "dataq_gateway.hooks.archiving", run_id],
        env={**os.environ, "DATAQ_HOME": str(home.path)},
        stdin=files[0],
        stdout=files[1],
        stderr=files[2],
        start_new_session=True,  # Ctrl-C at the server is not meant for it
    )
