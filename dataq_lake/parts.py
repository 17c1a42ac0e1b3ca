"""Writes the Parquet files of a table: bounded in bytes, plain where content is bulky, durable."""

from __future__ import annotations

import json
import os
import time
import uuid
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from dataq_lake.log import DataFile
from dataq_lake.schemas import Table
from dataq_lake.sizes import slices

FILE_BYTES = 128 << 20
GROUP_BYTES = 8 << 20
GROUP_ROWS = 100_000
# Engines skip files by these; ranges of anything else are wide open anyway (ids are hashes).
_RANGED = {"sequence", "timestamp", "observed_at", "created_at", "window", "source", "state"}


@dataclass(frozen=True)
class Part:
    """A finished, not yet committed file and its rows."""

    file: DataFile
    rows: int


class PartWriter:
    """Collects batches into files of one table; nothing it writes is visible before a commit.

    Row groups are compressed in a thread of their own while the next batch is made: compression
    is most of the cost of archiving, and lets go of the interpreter. One row group is in flight.
    """

    def __init__(self, table: Table, folder: Path) -> None:
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
        self._open: _OpenPart | None = None
        self._thread: ThreadPoolExecutor | None = None
        self._flight: Future[None] | None = None

    def write(self, batch: pa.RecordBatch) -> None:
        """Takes `batch`, of exactly the table's schema, in row groups bounded by bytes."""
        if not self.rows:
            self.since = time.monotonic()
        for piece, size in slices(batch, GROUP_BYTES):
            self._pending.append(piece)
            self._pending_bytes += size
            self._pending_rows += piece.num_rows
            self.rows += piece.num_rows
            self.bytes += size
            if self._pending_bytes >= GROUP_BYTES or self._pending_rows >= GROUP_ROWS:
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

    def _part(self) -> _OpenPart:
        if self._open is None:
            self._open = _OpenPart(self.table, self.folder)
        return self._open

    def _close(self) -> None:
        if self._open is not None:
            self.parts.append(self._open.close())
            self._open = None

    def _stop(self) -> None:
        if self._thread is not None:
            self._thread.shutdown(wait=True)
            self._thread = None


class _OpenPart:
    def __init__(self, table: Table, folder: Path) -> None:
        self.name = f"part-{uuid.uuid4().hex}.parquet"
        self.path = folder / self.name
        self.rows = 0
        self.table = table
        self._file = open(self.path, "xb")  # noqa: SIM115 (closed in close and discard)
        self._metadata: list[Any] = []
        plain = [name for name in _leaves(table.schema) if name.split(".")[0] not in table.bulky]
        self._writer = pq.ParquetWriter(
            self._file,
            table.schema,
            compression="zstd",
            compression_level=1,
            use_dictionary=plain,
            write_statistics=plain,
            metadata_collector=self._metadata,
        )

    @property
    def size(self) -> int:
        return self._file.tell()

    def write(self, rows: pa.Table) -> None:
        self.rows += rows.num_rows
        self._writer.write_table(rows, row_group_size=max(1, rows.num_rows))

    def close(self) -> Part:
        self._writer.close()
        self._file.flush()
        os.fsync(self._file.fileno())
        size = self._file.tell()
        self._file.close()
        stats = json.dumps(_stats(self._metadata[0], self.table))
        return Part(DataFile(self.name, size, stats), self.rows)

    def discard(self) -> None:
        with suppress(OSError, pa.ArrowException):  # a full disk refuses the end of the file, too
            self._writer.close()
        with suppress(OSError):
            self._file.close()
        self.path.unlink(missing_ok=True)


def discard(folder: Path, parts: Iterable[Part]) -> None:
    """Removes files that were written but never committed."""
    for part in parts:
        (folder / part.file.path).unlink(missing_ok=True)


def _leaves(schema: pa.Schema) -> list[str]:
    """The dotted paths of the columns as Parquet stores them."""
    empty = pa.BufferOutputStream()
    pq.write_table(schema.empty_table(), empty)
    columns = pq.ParquetFile(pa.BufferReader(empty.getvalue())).schema
    return [columns.column(i).path for i in range(len(columns))]


def _stats(metadata: pq.FileMetaData, table: Table) -> dict[str, Any]:
    ranged = _RANGED - set(table.bulky)
    lows: dict[str, Any] = {}
    highs: dict[str, Any] = {}
    for index in range(metadata.num_columns):
        name = metadata.schema.column(index).path
        if name not in ranged:
            continue
        found = [
            metadata.row_group(g).column(index).statistics for g in range(metadata.num_row_groups)
        ]
        if found and all(s is not None and s.has_min_max for s in found):
            lows[name] = _plain(min(s.min for s in found), timedelta(0))
            highs[name] = _plain(max(s.max for s in found), timedelta(milliseconds=1))
    return {"numRecords": metadata.num_rows, "minValues": lows, "maxValues": highs}


def _plain(value: Any, slack: timedelta) -> Any:
    """JSON for `value`; Delta keeps milliseconds, so an upper bound gets `slack` to stay one."""
    if isinstance(value, datetime):
        return (value + slack).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return value
