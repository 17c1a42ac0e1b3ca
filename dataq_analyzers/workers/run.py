"""One map over a pool: feeds workers, yields outcomes, finds out which item killed a worker."""

from __future__ import annotations

import pickle
import select
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from dataq_analyzers.errors import PoolBroken
from dataq_analyzers.outcome import Done, Failed
from dataq_analyzers.workers.cells import NOTHING
from dataq_analyzers.workers.process import Batch, Task, WorkerProcess
from dataq_analyzers.workers.worker import DONE, MEMORY, Result

if TYPE_CHECKING:
    from dataq_analyzers.pool import Pool

T = TypeVar("T")
R = TypeVar("R")

FIRST_BATCH = 16
BATCH_ITEMS = 512
BATCH_BYTES = 4 << 20
BATCH_SECONDS = 0.1
SOON_DONE_SECONDS = 0.5
"""What takes no longer than that is not worth another worker, which takes as long to start."""
BATCHES_AHEAD = 3
IN_FLIGHT_BYTES = 64 << 20
DEATHS_IN_A_ROW = 5


class Run(Generic[T, R]):
    """The state of one map; lives as long as its generator."""

    def __init__(
        self,
        pool: Pool,
        function: Callable[[T], R],
        tasks: Iterable[T],
        size: Callable[[T], int] | None,
    ) -> None:
        self._pool = pool
        self._reference = reference(function)
        self._tasks = enumerate(tasks)
        self._size = size
        self._again: deque[tuple[int, Task]] = deque()
        self._unsent: list[Failed] = []
        self._exhausted = False
        self._workers: list[WorkerProcess] = []
        self._in_flight = 0
        self._batch_items = FIRST_BATCH
        self._deaths = 0
        self._spared: set[int] = set()
        self._begun = time.monotonic()

    def outcomes(self) -> Generator[Done[R] | Failed, None, None]:
        """One outcome a task."""
        try:
            while True:
                self._feed()
                yield from self._take_unsent()
                busy = [worker for worker in self._workers if worker.batches]
                if not busy:
                    return
                for worker in self._readable(busy):
                    yield from self._read(worker)
        finally:
            self._release()

    def _feed(self) -> None:
        """Give every worker its next batch before any gets one ahead; start one where it pays."""
        for ahead in range(1, BATCHES_AHEAD + 1):
            for worker in self._workers:
                if len(worker.batches) < ahead and not self._send(worker):
                    return
            if ahead == 1 and not self._start_workers():
                return

    def _start_workers(self) -> bool:
        """Start workers while there is work for them; False where no work is left."""
        while self._room():
            batch = self._next_batch()
            if not batch:
                return False
            lasting = time.monotonic() - self._begun > SOON_DONE_SECONDS
            worker = self._pool.take(first=not self._workers, new=lasting)
            if worker is None:
                self._take_back(batch)
                return True
            self._workers.append(worker)
            worker.send(self._reference, batch)
        return True

    def _send(self, worker: WorkerProcess) -> bool:
        if worker.batches and not self._room():
            return False
        batch = self._next_batch()
        if batch:
            worker.send(self._reference, batch)
        return bool(batch)

    def _room(self) -> bool:
        return self._in_flight < IN_FLIGHT_BYTES

    def _next_batch(self) -> Batch:
        batch: Batch = {}
        weight = 0
        while len(batch) < self._batch_items and weight < BATCH_BYTES:
            entry = self._again.popleft() if self._again else self._next_task()
            if entry is None:
                break
            batch[entry[0]] = entry[1]
            weight += entry[1].weight
        self._in_flight += weight
        return batch

    def _next_task(self) -> tuple[int, Task] | None:
        while not self._exhausted:
            try:
                index, task = next(self._tasks)
            except StopIteration:
                self._exhausted = True
                break
            try:
                frame = pickle.dumps(task, protocol=pickle.HIGHEST_PROTOCOL)
            except Exception as error:  # noqa: BLE001 - pickling runs the task's own code
                reason = f"cannot be sent to a worker: {error}"
                self._unsent.append(Failed(index, "error", reason, type(error).__name__))
                continue
            return index, Task(frame, self._size(task) if self._size else len(frame))
        return None

    def _take_back(self, batch: Batch) -> None:
        self._again.extendleft(reversed(batch.items()))
        self._in_flight -= sum(task.weight for task in batch.values())

    def _take_unsent(self) -> Iterator[Failed]:
        unsent, self._unsent = self._unsent, []
        yield from unsent

    def _readable(self, busy: list[WorkerProcess]) -> list[WorkerProcess]:
        """The workers that have something to say; waits for the first."""
        patience = 2 * self._pool.item_seconds + 10
        before = [worker.cells.current for worker in busy]
        ready = select.select(busy, [], [], patience)[0]
        if not ready:
            # The worker's own alarm did not end it: something in it holds signals back.
            for worker, current in zip(busy, before, strict=True):
                if current == worker.cells.current != NOTHING:
                    worker.kill(timeout=True)
        return ready

    def _read(self, worker: WorkerProcess) -> Iterator[Done[R] | Failed]:
        try:
            results, seconds, weight = worker.receive()
        except EOFError:
            yield from self._bury(worker)
            return
        self._deaths = 0
        self._in_flight -= weight
        self._adapt(len(results), seconds)
        for result in results:
            yield _outcome(result)

    def _adapt(self, count: int, seconds: float) -> None:
        """Aim at batches of BATCH_SECONDS: long enough to pay, short enough to share out."""
        fitting = int(BATCH_SECONDS * count / max(seconds, 1e-6))
        self._batch_items = max(1, min(fitting, 4 * self._batch_items, BATCH_ITEMS))

    def _bury(self, worker: WorkerProcess) -> Iterator[Failed]:
        """Blame the item that a dead worker was at, and do the rest of its work again."""
        guilty = worker.cells.current
        self._workers.remove(worker)
        self._pool.lost()
        kind, reason = worker.close()
        if worker.killed and guilty not in self._spared:
            # By a person or for want of memory: that may have nothing to do with the item.
            self._spared.add(guilty)
            guilty = NOTHING
        blamed = [batch.pop(guilty) for batch in worker.batches if guilty in batch]
        for batch in reversed(worker.batches):
            self._take_back(batch)
        for task in blamed:
            self._in_flight -= task.weight
            yield Failed(guilty, kind, reason)
        self._deaths = 0 if blamed else self._deaths + 1
        if self._deaths > DEATHS_IN_A_ROW:
            raise PoolBroken(f"workers end before they begin an item: {reason}")

    def _release(self) -> None:
        for worker in self._workers:
            if worker.batches:
                self._pool.lost()
                worker.kill()
                worker.close()
            else:
                self._pool.give_back(worker)


def _outcome(result: Result) -> Done[Any] | Failed:
    index, status, value = result
    if status == DONE:
        return Done(index, pickle.loads(value))  # noqa: S301 - from our own worker
    error, reason = value
    return Failed(index, "memory" if status == MEMORY else "error", reason, error)


def reference(function: Callable[[Any], Any]) -> bytes:
    """The pickled name of a function; raises ValueError where a worker could not import it."""
    module = getattr(function, "__module__", None)
    if module == "__main__" or "<" in getattr(function, "__qualname__", "<"):
        raise ValueError(f"{function!r} must be a function at the top of an importable module")
    return pickle.dumps(function, protocol=pickle.HIGHEST_PROTOCOL)
