"""One supervised child process: its pipes, and its end."""

from __future__ import annotations

import fcntl
import os
import select
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

SUPERVISOR = str(Path(__file__).with_name("supervisor.py"))
PIPE_BYTES = 1 << 20


class Child:
    """A plugin's process under its supervisor. Descriptors: stdin, stdout, stderr of the plugin."""

    def __init__(self, argv: Sequence[str], environment: Mapping[str, str], memory: int) -> None:
        """Start it. Raises OSError only where this machine has no processes or pipes left."""
        theirs: list[int] = []
        self._ours: list[int] = []
        try:
            self.stdin = self._pipe(theirs, we_write=True)
            self.stdout = self._pipe(theirs, we_write=False)
            self.stderr = self._pipe(theirs, we_write=False)
            self._control = self._pipe(theirs, we_write=True)
            self._status = self._pipe(theirs, we_write=False)
            self._process = _start(theirs, argv, environment, memory)
        except BaseException:
            self.close()
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
        self._order(b"T")

    def kill(self) -> None:
        """Kill the plugin's tree; returns at once."""
        self._order(b"K")

    def _order(self, letter: bytes) -> None:
        try:
            os.write(self._control, letter)
        except OSError:
            pass  # the supervisor has ended, and the tree with it

    def wait(self, seconds: float | None = None) -> str | None:
        """Return how the plugin ended ("exit 0", "signal 9", …), or None if it still runs."""
        if seconds is not None and not self._ends_within(seconds):
            return None
        self._process.wait()
        if not hasattr(self, "_verdict"):
            self._verdict = os.read(self._status, 256).decode().strip() or "signal 9"
        return self._verdict

    def _ends_within(self, seconds: float) -> bool:
        """Wait on a descriptor: Popen.wait with a timeout sleeps up to 50 ms too long."""
        try:
            ended = os.pidfd_open(self._process.pid)
        except OSError:  # it was waited for already, or the kernel has no such thing
            try:
                self._process.wait(seconds)
            except subprocess.TimeoutExpired:
                return False
            return True
        poll = select.poll()
        poll.register(ended, select.POLLIN)
        ready = bool(poll.poll(seconds * 1000))
        os.close(ended)
        return ready

    def close_stdin(self) -> None:
        """Tell the plugin that no more requests come."""
        self._close(self.stdin)

    def close(self) -> None:
        """Kill what still runs, wait for it, and free the pipes."""
        if hasattr(self, "_process"):
            self.kill()
            self._process.wait()
        for descriptor in tuple(self._ours):
            self._close(descriptor)

    def _close(self, descriptor: int) -> None:
        if descriptor in self._ours:
            self._ours.remove(descriptor)
            os.close(descriptor)


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
    try:
        fcntl.fcntl(descriptor, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
    except OSError:
        pass  # over the user's share of pipe memory: slower, still right


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
