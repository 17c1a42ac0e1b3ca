"""Many producers of few rows, one commit: each is told when its own rows are durable."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

import pyarrow as pa

from dataq_lake.accepting import accept
from dataq_lake.errors import FixTheCall, WrongSchema
from dataq_lake.interface import LakeTable
from dataq_lake.sizes import size_of
from dataq_lake.written import CommitInfo, Written

MAX_WAIT = 0.005
MAX_ROWS = 10_000
MAX_BYTES = 32 << 20
WAITING_GROUPS = 2
"""So many groups may wait for the one that is being committed; then submit waits as well."""


@dataclass
class _Waiting:
    """Rows whose producer has not been told yet."""

    batch: pa.RecordBatch
    bytes: int
    told: Future[Written] = field(default_factory=Future)


class GroupCommit:
    """Appends to one table what threads submit, a group of theirs with each commit.

    A group is what has come while the last one was committed, and for up to `max_wait` seconds
    more, but no more than `max_rows` rows or `max_bytes` bytes. Close it, or use it in a `with`.
    """

    def __init__(
        self,
        handle: LakeTable,
        info: CommitInfo | None = None,
        max_wait: float = MAX_WAIT,
        max_rows: int = MAX_ROWS,
        max_bytes: int = MAX_BYTES,
    ) -> None:
        if max_wait < 0 or max_rows < 1 or max_bytes < 1:
            raise FixTheCall("a group needs a wait of at least 0, and at least a row and a byte")
        self._handle = handle
        self._info = info or CommitInfo()
        self._max_wait = max_wait
        self._max_rows = max_rows
        self._max_bytes = max_bytes
        self._queue: deque[_Waiting] = deque()
        self._rows = self._bytes = 0
        self._closed = False
        self._changed = threading.Condition()
        name = f"commit {handle.name}"
        self._thread = threading.Thread(target=self._work, name=name, daemon=True)
        self._thread.start()

    def submit(self, batch: pa.RecordBatch) -> Future[Written]:
        """Takes rows; the future is done when they are on disk, with what their commit wrote.

        Waits while too much waits already. The future fails with WrongSchema for rows that are not
        the table's, and with whatever kept its own commit from being made: after an error of ours
        none of the rows is there, after another nobody can tell. One that is cancelled before its
        commit has begun is not written. Raises FixTheCall when closed.
        """
        try:
            taken = _Waiting(_checked(self._handle, batch), size_of(batch))
        except WrongSchema as refused:
            failed: Future[Written] = Future()
            failed.set_exception(refused)
            return failed
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._has_room())
            if self._closed:
                raise FixTheCall(f"table {self._handle.name}: the group commit is closed")
            self._queue.append(taken)
            self._rows += batch.num_rows
            self._bytes += taken.bytes
            self._changed.notify_all()
        return taken.told

    def close(self) -> None:
        """Commits what was submitted and ends; nothing is taken any more."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self._thread.join()

    def _has_room(self) -> bool:
        return (
            self._rows < WAITING_GROUPS * self._max_rows
            and self._bytes < WAITING_GROUPS * self._max_bytes
        )

    def _work(self) -> None:
        while (group := self._next()) is not None:
            self._commit(group)

    def _next(self) -> list[_Waiting] | None:
        """The next group; None once everything is committed and nothing can come."""
        with self._changed:
            self._changed.wait_for(lambda: self._queue or self._closed)
            until = time.monotonic() + self._max_wait
            self._changed.wait_for(self._is_enough, max(0.0, until - time.monotonic()))
            if not self._queue:
                return None
            group = self._taken()
            self._changed.notify_all()
        return group

    def _is_enough(self) -> bool:
        return self._closed or self._rows >= self._max_rows or self._bytes >= self._max_bytes

    def _taken(self) -> list[_Waiting]:
        """As much from the head of the queue as one commit takes, at least one batch."""
        group: list[_Waiting] = []
        rows = size = 0
        while self._queue:
            head = self._queue[0]
            rows, size = rows + head.batch.num_rows, size + head.bytes
            if group and (rows > self._max_rows or size > self._max_bytes):
                break
            self._queue.popleft()
            self._rows -= head.batch.num_rows
            self._bytes -= head.bytes
            if head.told.set_running_or_notify_cancel():
                group.append(head)
        return group

    def _commit(self, group: list[_Waiting]) -> None:
        """Commits a group and tells each producer; what fails concerns only who is not told yet."""
        given: list[_Waiting] = []

        def batches() -> Iterator[pa.RecordBatch]:
            for each in group:
                given.append(each)
                yield each.batch

        def tell(written: Written) -> None:
            for each in given:
                each.told.set_result(written)
            given.clear()

        try:
            self._handle.append(batches(), self._info, tell)
            tell(Written(version=self._handle.version()))  # those without a row
        except BaseException as error:  # noqa: BLE001 - it is the producers' to handle
            for each in group:
                if not each.told.done():
                    each.told.set_exception(error)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def _checked(handle: LakeTable, batch: pa.RecordBatch) -> pa.RecordBatch:
    """`batch` if the table takes it whatever else is in its group; raises WrongSchema."""
    accepted = accept(handle.table, batch)
    try:
        accepted.validate(full=True)
    except pa.ArrowInvalid as error:
        raise WrongSchema(f"rows for table {handle.name} are not whole: {error}") from error
    return accepted
