"""Adds rows to a table as they come: bounded in memory, committed a good piece at a time."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from typing import Self

import pyarrow as pa

from dataq_lake.accepting import accept
from dataq_lake.committing import Change, commit, ensure
from dataq_lake.compacting import tidy
from dataq_lake.errors import Retry
from dataq_lake.parts import PartWriter, discard
from dataq_lake.table import TableHandle
from dataq_lake.written import CommitInfo, Written

COMMIT_ROWS = 10_000
COMMIT_BYTES = 32 << 20
COMMIT_SECONDS = 30.0
ATTEMPTS = 40


def append(
    handle: TableHandle,
    batches: Iterable[pa.RecordBatch],
    info: CommitInfo,
    committed: Callable[[Written], None] | None = None,
) -> Written:
    """Adds every row, in commits of COMMIT_ROWS rows, COMMIT_BYTES bytes or COMMIT_SECONDS.

    One commit may be under way while the batches of the next are taken. `committed` hears of each
    in this thread and in order, so its rows are those of the next batches that it has not heard of.
    """
    writer = PartWriter(handle.table, handle.folder)
    total = Written(version=handle.version())
    with _Commits(handle, info, committed) as commits:
        try:
            for batch in batches:
                started = time.perf_counter()
                ensure(handle)
                writer.write(accept(handle.table, batch))
                if full(writer):
                    total += commits.begin(writer)
                    writer = PartWriter(handle.table, handle.folder)
                total = replace(total, seconds=total.seconds + time.perf_counter() - started)
            total += commits.land()
            if writer.rows:
                total += commits.make(writer)
        except BaseException:
            writer.abort()
            raise
    tidy(handle, info)
    return total


def full(writer: PartWriter) -> bool:
    """Whether enough has come together for a commit of its own, or it has waited long enough."""
    return (
        writer.rows >= COMMIT_ROWS
        or writer.bytes >= COMMIT_BYTES
        or (writer.rows > 0 and time.monotonic() - writer.since > COMMIT_SECONDS)
    )


class _Commits:
    """The commits of one append, one after another, of which one may be under way."""

    def __init__(
        self,
        handle: TableHandle,
        info: CommitInfo,
        committed: Callable[[Written], None] | None,
    ) -> None:
        self._handle = handle
        self._info = info
        self._committed = committed or (lambda _: None)
        self._thread: ThreadPoolExecutor | None = None
        self._under_way: Future[Written] | None = None

    def begin(self, writer: PartWriter) -> Written:
        """Begins to commit what `writer` has, its owner from now on; what the last one wrote."""
        before = self.land()
        self._thread = self._thread or ThreadPoolExecutor(1, "commit")
        self._under_way = self._thread.submit(self._publish, writer)
        return before

    def land(self) -> Written:
        """Waits for the commit that is under way; raises what went wrong with it."""
        under_way, self._under_way = self._under_way, None
        return self._told(under_way.result()) if under_way else Written()

    def make(self, writer: PartWriter) -> Written:
        """Commits what `writer` has."""
        return self._told(self._publish(writer))

    def _told(self, written: Written) -> Written:
        self._committed(written)
        return written

    def _publish(self, writer: PartWriter) -> Written:
        """Makes what is staged visible, whatever others add meanwhile."""
        try:
            parts = tuple(writer.finish())
        except BaseException:
            writer.abort()
            raise
        for attempt in range(ATTEMPTS):
            written = commit(self._handle, Change(new=parts), self._info)
            if written is not None:
                return written
            time.sleep(0.005 * attempt)
        discard(self._handle.folder, parts)
        raise Retry(f"table {self._handle.name}: other writers were faster too often, run again")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Waits, so that nobody writes any more once an append has ended in whatever way."""
        if self._thread is not None:
            self._thread.shutdown(wait=True)
