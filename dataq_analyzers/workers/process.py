"""One worker process as the pool sees it: started, fed, read, and asked why it died."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
from collections import deque
from contextlib import suppress
from typing import NamedTuple

from dataq_analyzers.outcome import Kind
from dataq_analyzers.workers import channel
from dataq_analyzers.workers.cells import Cells
from dataq_analyzers.workers.worker import Result

_START = (
    "import sys, json; sys.path[:] = json.loads(sys.argv[1]); "
    "from dataq_analyzers.workers.worker import main; "
    "main(int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]), float(sys.argv[5]), "
    "int(sys.argv[6]))"
)
# There is a worker for each core; to start threads that wait takes a tenth of its start.
_ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1"}
_STDERR_KEPT = 64 * 1024
_NO_MEMORY = (b"bad_alloc", b"memory allocation", b"out of memory", b"MemoryError")


class Task(NamedTuple):
    """A pickled task, and the bytes it stands for."""

    frame: bytes
    weight: int


Batch = dict[int, Task]


class WorkerProcess:
    """A child that runs batches; `batches` holds what it has not reported yet."""

    def __init__(self, item_seconds: float, item_memory: int) -> None:
        self.batches: deque[Batch] = deque()
        self.killed = False
        """After close: whether somebody else has killed it."""
        self._timed_out = False
        self._link, theirs = channel.open_pair()
        self.cells, cells_fd = Cells.create()
        life_fd, self._life = os.pipe()
        self._stderr = os.memfd_create("dataq-stderr", os.MFD_CLOEXEC)
        arguments = [str(number) for number in (theirs.fileno(), cells_fd, life_fd)]
        try:
            # Append mode: the pool cuts the file down while the worker writes on.
            log = os.open(f"/proc/self/fd/{self._stderr}", os.O_WRONLY | os.O_APPEND)
            self._process = subprocess.Popen(
                [
                    sys.executable,
                    "-c",
                    _START,
                    json.dumps(sys.path),
                    *arguments,
                    str(item_seconds),
                    str(item_memory),
                ],
                env={**os.environ, **_ONE_THREAD},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=(theirs.fileno(), cells_fd, life_fd),
            )
            os.close(log)
        finally:
            theirs.close()
            os.close(cells_fd)
            os.close(life_fd)

    def fileno(self) -> int:
        return self._link.fileno()

    @property
    def pid(self) -> int:
        return self._process.pid

    def send(self, reference: bytes, batch: Batch) -> None:
        """Hand over a batch; a worker that is gone is noticed when it is read."""
        self.batches.append(batch)
        frames = [(index, task.frame) for index, task in batch.items()]
        with suppress(BrokenPipeError, ConnectionResetError):
            channel.send(self._link, (reference, frames))

    def receive(self) -> tuple[list[Result], float, int]:
        """Results, the seconds they took and their weight; EOFError once the process is gone."""
        (results, seconds), size = channel.receive(self._link)
        self.cells.consumed += size
        # A worker reports at the end of each batch: no frame spans two of them.
        batch = self.batches[0]
        weight = sum(batch.pop(index).weight for index, *_ in results)
        if not batch:
            self.batches.popleft()
        if os.fstat(self._stderr).st_size > _STDERR_KEPT:
            os.ftruncate(self._stderr, 0)
        return results, seconds, weight

    def ready(self) -> bool:
        """Whether it waits for work, as far as can be seen without asking."""
        return self._process.poll() is None and not select.select([self._link], [], [], 0)[0]

    def kill(self, timeout: bool = False) -> None:
        """End it at once; with `timeout`, close will call that the cause."""
        self._timed_out = timeout
        self._process.kill()

    def close(self) -> tuple[Kind, str]:
        """End the process; the kind and the reason of its death."""
        self._link.close()
        os.close(self._life)  # the kernel ends the worker, if it has not ended
        code = self._process.wait()
        self.killed = code == -signal.SIGKILL and not self._timed_out
        said = self._last_words()
        os.close(self._stderr)
        self.cells.close()
        return _cause(-signal.SIGALRM if self._timed_out else code, said)

    def _last_words(self) -> bytes:
        size = os.fstat(self._stderr).st_size
        return os.pread(self._stderr, 2_000, max(0, size - 2_000))


def _cause(code: int, said: bytes) -> tuple[Kind, str]:
    if code == -signal.SIGALRM:
        return "timeout", "took longer than one item may"
    if any(sign in said for sign in _NO_MEMORY):
        return "memory", "needs more memory than one item may have"
    lines = said.decode("utf-8", "replace").strip().splitlines()
    last = f": {lines[-1][:200]}" if lines else ""
    if code < 0:
        return "crash", f"crashed its worker with {_signal_name(-code)}{last}"
    return "crash", f"ended its worker with exit code {code}{last}"


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
