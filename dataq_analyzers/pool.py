"""Runs a function over many items in worker processes, so that a bad item costs only itself."""

from __future__ import annotations

import os
import pickle
import threading
from collections.abc import Callable, Generator, Iterable
from types import TracebackType
from typing import Self, TypeVar

from dataq_analyzers.outcome import Done, Failed
from dataq_analyzers.workers.process import Task, WorkerProcess
from dataq_analyzers.workers.run import Run, reference

__all__ = ["Done", "Failed", "Pool"]

T = TypeVar("T")
R = TypeVar("R")

GIB = 1 << 30


class Pool:
    """Worker processes, started when there is work for them and kept until close.

    `item_seconds` is wall time; `item_memory` is address space on top of the worker's own.
    Any thread may call map, also while another map is running: each gets at least one worker.
    """

    def __init__(
        self, workers: int | None = None, item_seconds: float = 30, item_memory: int = 2 * GIB
    ) -> None:
        self.workers = workers or len(os.sched_getaffinity(0))
        self.item_seconds = item_seconds
        self.item_memory = item_memory
        self._lock = threading.Lock()
        self._idle: list[WorkerProcess] = []
        self._count = 0
        self._closed = False

    def map(
        self,
        function: Callable[[T], R],
        tasks: Iterable[T],
        size: Callable[[T], int] | None = None,
    ) -> Generator[Done[R] | Failed, None, None]:
        """One outcome a task, in the order of completion; `index` counts the tasks from 0.

        `function` is importable by name and may run twice for a task whose neighbour crashed;
        `size` gives a task's bytes and bounds what is in flight. Raises PoolBroken where no worker
        can be started or the function cannot be imported there.
        """
        return Run(self, function, tasks, size).outcomes()

    def warm(self, function: Callable[[T], object], task: T) -> bool:
        """Start one worker more, have it run `function` once for what that loads; False if full.

        Returns when it is ready; what goes wrong shows when there is real work.
        """
        with self._lock:
            if self._closed or self._count >= self.workers:
                return False
            self._count += 1
        worker = self._started()
        frame = pickle.dumps(task, protocol=pickle.HIGHEST_PROTOCOL)
        worker.send(reference(function), {0: Task(frame, 0)})
        try:
            worker.receive()
        except EOFError:
            self.lost()
            worker.close()
        else:
            self.give_back(worker)
        return True

    def take(self, first: bool, new: bool = True) -> WorkerProcess | None:
        """A worker for a map, or None where all that may be are at work; the first one always.

        One that waits for work if there is one, otherwise a `new` one.
        """
        with self._lock:
            if self._closed:
                raise ValueError("the pool is closed")
            while self._idle:
                worker = self._idle.pop()
                if worker.ready():
                    return worker
                self._count -= 1
                worker.close()
            if not first and (self._count >= self.workers or not new):
                return None
            self._count += 1
        return self._started()

    def _started(self) -> WorkerProcess:
        """A new worker that is counted already."""
        try:
            return WorkerProcess(self.item_seconds, self.item_memory)
        except BaseException:
            self.lost()
            raise

    def give_back(self, worker: WorkerProcess) -> None:
        """Keep a worker that has nothing to do, or end it where there are enough."""
        with self._lock:
            if not self._closed and self._count <= self.workers:
                self._idle.append(worker)
                return
            self._count -= 1
        worker.close()

    def lost(self) -> None:
        """Note that a worker taken will not come back."""
        with self._lock:
            self._count -= 1

    def rest(self) -> None:
        """End the workers that wait for work, but for one: others need their memory.

        Returns at once: they end meanwhile, and new work starts new ones.
        """
        with self._lock:
            idle, self._idle = self._idle[1:], self._idle[:1]
            self._count -= len(idle)
        if idle:
            threading.Thread(target=_end, args=(idle,), daemon=True).start()

    def close(self) -> None:
        """End all idle workers; maps still running end theirs."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
            self._count -= len(idle)
        _end(idle)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


def _end(workers: list[WorkerProcess]) -> None:
    for worker in workers:
        worker.close()
