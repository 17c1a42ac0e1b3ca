"""Gathers rows into the Parquet files of a table, bounded in bytes and in memory."""

from __future__ import annotations

import time
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor

import pyarrow as pa

from dataq_lake.location import Location
from dataq_lake.part_file import Part, PartFile
from dataq_lake.schemas import Table
from dataq_lake.sizes import slices

FILE_BYTES = 128 << 20
GROUP_BYTES = 8 << 20
SCATTERED_GROUP_BYTES = 1 << 20
GROUP_ROWS = 100_000


class PartWriter:
    """Collects batches into files of one table; nothing it writes is visible before a commit.

    Row groups are compressed in a thread of their own while the next batch is made: compression
    is most of the cost of archiving, and lets go of the interpreter. One row group is in flight.
    """

    def __init__(self, table: Table, folder: Location) -> None:
        self.table = table
        self.folder = folder
        self.parts: list[Part] = []
        self.rows = 0
        self.bytes = 0
        self.since = 0.0
        """When the first row since the last finish came, on the monotonic clock."""
        self._pending: list[pa.RecordBatch] = []
        self._pending_bytes = 0
        self._pending_rows = 0
        self._open: PartFile | None = None
        self._thread: ThreadPoolExecutor | None = None
        self._flight: Future[None] | None = None

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
        self._land()
        if self._pending:
            self._part().write(self._group())
        self._close()
        self._stop()
        parts, self.parts, self.rows, self.bytes = self.parts, [], 0, 0
        return parts

    def abort(self) -> None:
        """Removes whatever was written since the last finish."""
        self._stop()
        self._pending, self._pending_bytes, self._pending_rows, self._flight = [], 0, 0, None
        if self._open:
            self._open.discard()
            self._open = None
        discard(self.folder, self.parts)
        self.parts = []

    def _flush(self) -> None:
        self._land()
        if self._open is not None and self._open.size >= FILE_BYTES:
            self._close()
        self._thread = self._thread or ThreadPoolExecutor(1, "parquet")
        self._flight = self._thread.submit(self._part().write, self._group())

    def _land(self) -> None:
        """Waits for the row group in flight; raises what went wrong with it."""
        flight, self._flight = self._flight, None
        if flight is not None:
            flight.result()

    def _group(self) -> pa.Table:
        group = pa.Table.from_batches(self._pending)
        self._pending, self._pending_bytes, self._pending_rows = [], 0, 0
        return group

    def _part(self) -> PartFile:
        if self._open is None:
            self._open = PartFile(self.table, self.folder)
        return self._open

    def _close(self) -> None:
        if self._open is not None:
            self.parts.append(self._open.close())
            self._open = None

    def _stop(self) -> None:
        if self._thread is not None:
            self._thread.shutdown(wait=True)
            self._thread = None


def discard(folder: Location, parts: Iterable[Part]) -> None:
    """Removes files that were written but never committed."""
    for part in parts:
        (folder / part.file.path).unlink(missing_ok=True)
