"""Gathers rows into the Parquet files of a table, bounded in bytes and in memory."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from functools import partial

import pyarrow as pa

from dataq_lake.location import Location
from dataq_lake.part_file import Part, PartFile
from dataq_lake.schemas import Table
from dataq_lake.sizes import slices

FILE_BYTES = 128 << 20
GROUP_BYTES = 8 << 20
SCATTERED_GROUP_BYTES = 1 << 20
GROUP_ROWS = 100_000
LANES = 2


class PartWriter:
    """Collects batches into files of one table; nothing it writes is visible before a commit.

    Row groups are compressed in threads of their own while the next batch is made: compression is
    most of the cost of archiving, and lets go of the interpreter. One row group is in flight for
    each file, and a second file is begun only while the first is still busy.
    """

    def __init__(self, table: Table, folder: Location) -> None:
        self.table = table
        self.folder = folder
        self.rows = 0
        self.bytes = 0
        self.since = 0.0
        """When the first row since the last finish came, on the monotonic clock."""
        self._pending: list[pa.RecordBatch] = []
        self._pending_bytes = 0
        self._pending_rows = 0
        self._lanes: list[_Lane] = []
        self._threads: ThreadPoolExecutor | None = None

    def write(self, batch: pa.RecordBatch) -> None:
        """Takes `batch`, of exactly the table's schema, in row groups bounded by bytes."""
        if not self.rows:
            self.since = time.monotonic()
        group_bytes = SCATTERED_GROUP_BYTES if self.table.scattered else GROUP_BYTES
        for piece, size in slices(batch, group_bytes):
            self._pending.append(piece)
            self._pending_bytes += size
            self._pending_rows += piece.num_rows
            self.rows += piece.num_rows
            self.bytes += size
            if self._pending_bytes >= group_bytes or self._pending_rows >= GROUP_ROWS:
                self._flush()

    def finish(self) -> list[Part]:
        """Closes the files, on disk for good, and returns them; the writer starts afresh."""
        lanes = self._lanes = self._lanes or [_Lane(self.table, self.folder)]
        if self._pending:
            lane = self._idle() or lanes[0]
            lane.land()
            lane.write(self._group())
        closing = [self._begin(lane.close) for lane in lanes[1:]]
        lanes[0].close()
        for each in closing:
            each.result()
        self._stop()
        parts = [part for lane in lanes for part in lane.parts]
        self._lanes, self.rows, self.bytes = [], 0, 0
        return parts

    def abort(self) -> None:
        """Removes whatever was written since the last finish."""
        self._stop()
        self._pending, self._pending_bytes, self._pending_rows = [], 0, 0
        for lane in self._lanes:
            lane.discard()
        self._lanes = []

    def _flush(self) -> None:
        lane = self._idle()
        if lane is None and len(self._lanes) < LANES:
            lane = _Lane(self.table, self.folder)
            self._lanes.append(lane)
        if lane is None:
            wait([lane.flight for lane in self._lanes if lane.flight], None, FIRST_COMPLETED)
            lane = self._idle() or self._lanes[0]
        lane.land()
        lane.flight = self._begin(partial(lane.write, self._group()))

    def _idle(self) -> _Lane | None:
        return next((lane for lane in self._lanes if not lane.busy), None)

    def _begin(self, work: Callable[[], None]) -> Future[None]:
        self._threads = self._threads or ThreadPoolExecutor(LANES, "parquet")
        return self._threads.submit(work)

    def _group(self) -> pa.Table:
        group = pa.Table.from_batches(self._pending)
        self._pending, self._pending_bytes, self._pending_rows = [], 0, 0
        return group

    def _stop(self) -> None:
        if self._threads is not None:
            self._threads.shutdown(wait=True)
            self._threads = None


class _Lane:
    """One file after another, of which one is open; at most one row group is in flight."""

    def __init__(self, table: Table, folder: Location) -> None:
        self.table = table
        self.folder = folder
        self.parts: list[Part] = []
        self.flight: Future[None] | None = None
        self._open: PartFile | None = None

    @property
    def busy(self) -> bool:
        return self.flight is not None and not self.flight.done()

    def land(self) -> None:
        """Waits for the row group in flight; raises what went wrong with it."""
        flight, self.flight = self.flight, None
        if flight is not None:
            flight.result()

    def write(self, group: pa.Table) -> None:
        if self._open is not None and self._open.size >= FILE_BYTES:
            self._end()
        if self._open is None:
            self._open = PartFile(self.table, self.folder)
        self._open.write(group)

    def close(self) -> None:
        self.land()
        self._end()

    def discard(self) -> None:
        if self._open is not None:
            self._open.discard()
        discard(self.folder, self.parts)

    def _end(self) -> None:
        if self._open is not None:
            self.parts.append(self._open.close())
            self._open = None


def discard(folder: Location, parts: Iterable[Part]) -> None:
    """Removes files that were written but never committed."""
    for part in parts:
        (folder / part.file.path).unlink(missing_ok=True)
