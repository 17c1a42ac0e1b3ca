"""The worker process of the pool: takes batches of tasks, reports each item, dies when told."""

from __future__ import annotations

import fcntl
import gc
import os
import pickle
import resource
import select
import signal
import socket
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from dataq_analyzers.workers import channel
from dataq_analyzers.workers.cells import NOTHING, Cells

# What a result is: an index, how it went, and the pickled value or (type, message).
DONE, ERROR, MEMORY = 0, 1, 2
Result = tuple[int, int, Any]

FLUSH_BYTES = 1 << 20
FLUSH_SECONDS = 0.1
# Results that the pool has not read yet: past this the worker waits.
UNREAD_BYTES = 64 << 20
# A worker that has grown to this does not give memory back: a new one is cheaper.
RETIRE_BYTES = 768 << 20
REASON_LENGTH = 500


def main(channel_fd: int, cells_fd: int, life_fd: int, seconds: float, memory: int) -> None:
    """Serve batches until the pool closes the channel."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the pool's owner to handle
    _die_with_parent(life_fd)
    link = socket.socket(fileno=channel_fd)
    # Parsers make and drop thousands of objects an item: looking for cycles each time is a tenth
    # of the work.
    gc.set_threshold(50_000, 20, 20)
    worker = Worker(link, Cells(cells_fd), seconds, memory)
    os.close(cells_fd)
    with suppress(EOFError, BrokenPipeError, ConnectionResetError):
        worker.serve()
    sys.stdout.flush()
    os._exit(0)  # no clean-up of libraries: some hang or crash at exit


def _die_with_parent(life_fd: int) -> None:
    """Let the kernel end this process once the parent's end of the pipe is closed.

    Not PR_SET_PDEATHSIG: that fires when the *thread* that started the worker ends.
    """
    fcntl.fcntl(life_fd, fcntl.F_SETOWN, os.getpid())
    flags = fcntl.fcntl(life_fd, fcntl.F_GETFL)
    fcntl.fcntl(life_fd, fcntl.F_SETFL, flags | os.O_ASYNC)
    gone = select.poll()
    gone.register(life_fd, select.POLLHUP)
    if gone.poll(0):
        os._exit(0)


class Worker:
    """One loop over batches; all state that a death would lose is in the shared cells."""

    def __init__(self, link: socket.socket, cells: Cells, seconds: float, memory: int) -> None:
        self._link = link
        self._cells = cells
        self._seconds = seconds
        self._memory = memory
        self._own = 0
        self._functions: dict[bytes, Callable[[Any], Any]] = {}
        self._results: list[Result] = []
        self._bytes = 0
        self._sent = 0
        self._since = time.monotonic()

    def serve(self) -> None:
        """Run batches until the pool is gone or this process is better replaced."""
        fit = True
        while fit:
            (reference, tasks), _ = channel.receive(self._link)
            self._since = time.monotonic()
            function = self._function(reference)
            fit = all(self._one(function, index, task) for index, task in tasks)
            self._flush()
            fit = fit and _resident() < RETIRE_BYTES

    def _function(self, reference: bytes) -> Callable[[Any], Any]:
        if reference not in self._functions:
            before = _mapped() if self._functions else 0
            self._functions[reference] = pickle.loads(reference)  # noqa: S301 - from the parent
            # What a function loads is the worker's own, also where it is not the first.
            self._own += _mapped() - before
            if self._memory:
                _limit_memory(self._own + self._memory)
        return self._functions[reference]

    def _one(self, function: Callable[[Any], Any], index: int, task: bytes) -> bool:
        """Run one item; False where memory ran out, which this process may not recover from."""
        self._cells.current = index
        # Left at its default, SIGALRM ends the process: it also stops a loop inside C code.
        signal.setitimer(signal.ITIMER_REAL, self._seconds)
        result = self._call(function, index, task)
        signal.setitimer(signal.ITIMER_REAL, 0)
        self._results.append(result)
        self._bytes += len(result[2]) if result[1] == DONE else REASON_LENGTH
        self._cells.current = NOTHING
        if self._bytes >= FLUSH_BYTES or time.monotonic() - self._since >= FLUSH_SECONDS:
            self._flush()
        return result[1] != MEMORY

    def _call(self, function: Callable[[Any], Any], index: int, task: bytes) -> Result:
        try:
            value = function(pickle.loads(task))  # noqa: S301 - from the parent
            return index, DONE, pickle.dumps(value, protocol=pickle.HIGHEST_PROTOCOL)
        except MemoryError:
            return index, MEMORY, ("MemoryError", "needs more memory than one item may have")
        except BaseException as error:  # noqa: BLE001 - whatever it raises is this item's, SystemExit too
            return index, ERROR, (type(error).__name__, _reason(error))

    def _flush(self) -> None:
        now = time.monotonic()
        if self._results:
            self._sent += channel.send(self._link, (self._results, now - self._since))
        self._results, self._bytes, self._since = [], 0, now
        while self._sent - self._cells.consumed > UNREAD_BYTES:
            time.sleep(0.002)


def _reason(error: BaseException) -> str:
    try:
        text = " ".join(str(error).split())
    except Exception:  # noqa: BLE001 - a broken __str__ must not cost the worker
        text = ""
    return text[:REASON_LENGTH].encode("utf-8", "replace").decode()


def _limit_memory(limit: int) -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    if hard != resource.RLIM_INFINITY:
        limit = min(limit, hard)
    resource.setrlimit(resource.RLIMIT_AS, (limit, hard))


def _mapped() -> int:
    """The bytes of address space."""
    with open("/proc/self/statm", "rb") as file:
        return int(file.read().split()[0]) * resource.getpagesize()


def _resident() -> int:
    with open("/proc/self/statm", "rb") as file:
        return int(file.read().split()[1]) * resource.getpagesize()
