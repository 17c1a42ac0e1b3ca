"""One supervised child process: its pipes, and its end."""

from __future__ import annotations

import fcntl
import os
import select
import signal
import subprocess
import sys
import threading
import uuid
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from dataq_plugins.host.sweep import MARK, sweep

SUPERVISOR = str(Path(__file__).with_name("supervisor.py"))
PIPE_BYTES = 1 << 20


class Child:
    """A plugin's process under its supervisor. Its methods may be called from any thread.

    `stdin`, `stdout` and `stderr` are our ends of the plugin's pipes.
    """

    def __init__(self, argv: Sequence[str], environment: Mapping[str, str], memory: int) -> None:
        """Start it. Raises OSError only where this machine has no processes or pipes left."""
        self._lock = threading.Lock()
        self._ours: list[int] = []
        self._mark = uuid.uuid4().hex
        self._verdict: str | None = None
        theirs: list[int] = []
        try:
            self.stdin = self._pipe(theirs, we_write=True)
            self.stdout = self._pipe(theirs, we_write=False)
            self.stderr = self._pipe(theirs, we_write=False)
            self._control = self._pipe(theirs, we_write=True)
            self._status = self._pipe(theirs, we_write=False)
            marked = {**environment, MARK: self._mark}
            self._process = _start(theirs, argv, marked, memory)
            self._ended = os.pidfd_open(self._process.pid)
            self._ours.append(self._ended)
        except BaseException:
            self._close_all()
            raise
        finally:
            for descriptor in theirs:
                os.close(descriptor)

    def _pipe(self, theirs: list[int], *, we_write: bool) -> int:
        read, write = os.pipe()
        ours, other = (write, read) if we_write else (read, write)
        theirs.append(other)
        self._ours.append(ours)
        return ours

    @property
    def supervisor(self) -> int:
        """The supervisor's process id; everything of the plugin is below it."""
        return self._process.pid

    def terminate(self) -> None:
        """Ask the plugin's tree to end (SIGTERM)."""
        self._tell(self._control, b"T")

    def kill(self) -> None:
        """Kill the plugin's tree; returns at once."""
        self._tell(self._control, b"K")

    def write(self, data: bytes) -> None:
        """Write what fits into the plugin's input; nothing if it is closed or has ended."""
        self._tell(self.stdin, data)

    def _tell(self, descriptor: int, data: bytes) -> None:
        with self._lock:
            if descriptor in self._ours:
                with suppress(OSError):  # it has ended, or does not read
                    os.write(descriptor, data)

    def wait(self, seconds: float | None = None) -> str | None:
        """Return how the plugin ended ("exit 0", "signal 9", …), or None if it still runs."""
        if not self._ends_within(seconds):
            return None
        with self._lock:
            if self._verdict is None:
                self._process.wait()
                told = os.read(self._status, 256).decode().strip()
                self._verdict = told or "signal 9"
                if not told:  # somebody killed the supervisor itself
                    sweep(self._mark)
            return self._verdict

    def _ends_within(self, seconds: float | None) -> bool:
        """Wait on a descriptor: Popen.wait with a timeout sleeps up to 50 ms too long."""
        if self._verdict is not None:
            return True
        ended = select.poll()
        ended.register(self._ended, select.POLLIN)
        return bool(ended.poll(None if seconds is None else seconds * 1000))

    def give_stderr(self) -> int:
        """Hand the descriptor of the plugin's log to a reader, who closes it."""
        self._ours.remove(self.stderr)
        return self.stderr

    def close_stdin(self) -> None:
        """Tell the plugin that no more requests come."""
        with self._lock:
            if self.stdin in self._ours:
                self._ours.remove(self.stdin)
                os.close(self.stdin)

    def close(self) -> None:
        """Kill what still runs, wait for it, and free the pipes."""
        self.kill()
        self.wait()
        self._close_all()

    def _close_all(self) -> None:
        with self._lock:
            while self._ours:
                os.close(self._ours.pop())


def _start(
    theirs: Sequence[int], argv: Sequence[str], environment: Mapping[str, str], memory: int
) -> subprocess.Popen[bytes]:
    stdin, stdout, stderr, control, status = theirs
    for descriptor in (stdin, stdout):
        _widen(descriptor)
    options = (str(control), str(status), str(os.getpid()), str(memory))
    return subprocess.Popen(
        # -I -S: no site packages, no user paths: it starts fast and nothing can slip in.
        (sys.executable, "-I", "-S", SUPERVISOR, *options, *argv),
        stdin=stdin,
        stdout=stdout,
        stderr=stderr,
        env=dict(environment),
        pass_fds=(control, status),
        start_new_session=True,
    )


def _widen(descriptor: int) -> None:
    with suppress(OSError):  # over the user's share of pipe memory: slower, still right
        fcntl.fcntl(descriptor, fcntl.F_SETPIPE_SZ, PIPE_BYTES)


def explain(verdict: str) -> str:
    """Return how a process ended, in words."""
    kind, _, detail = verdict.partition(" ")
    if kind == "start":
        return f"could not be started: {os.strerror(int(detail))}"
    if kind == "signal":
        return f"was killed by {_signal_name(int(detail))}"
    return f"ended with exit code {detail}"


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
