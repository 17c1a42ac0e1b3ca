"""One Parquet file being written: compressed, plain where content is bulky, on disk when closed."""

from __future__ import annotations

import json
import os
import uuid
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from dataq_lake.cache import scratch
from dataq_lake.location import Location
from dataq_lake.log_entries import DataFile
from dataq_lake.schemas import Table

# Nearly every row has its own: a dictionary of them is made, found too large, and thrown away.
_OWN = {"source_id", "target_id", "strength", "sequence", "timestamp"}
_OWN |= {"content_hash", "file_hash", "text_hash"}
# Engines skip files by these; ranges of anything else are wide open anyway (ids are hashes).
_RANGED = {"sequence", "timestamp", "observed_at", "created_at", "window", "source", "state"}


@dataclass(frozen=True)
class Part:
    """A finished, not yet committed file and its rows."""

    file: DataFile
    rows: int


class PartFile:
    """An open file of `table` in `folder`, under a name that no other file has."""

    def __init__(self, table: Table, folder: Location) -> None:
        self.name = f"part-{uuid.uuid4().hex}.parquet"
        self.final = folder / self.name
        self.path = self.final if isinstance(self.final, Path) else scratch() / self.name
        self.rows = 0
        self.table = table
        self._file = open(self.path, "xb")  # noqa: SIM115 (closed in close and discard)
        self._metadata: list[Any] = []
        unique = set(table.key) if len(table.key) == 1 else set()  # hashes: no range either
        leaves = _leaves(table.schema)
        small = [path for path in leaves if path.split(".")[0] not in {*table.bulky, *unique}]
        # Numbers of a model do not get smaller (7 % at best), and take their time.
        packed = [path for path, kind in leaves.items() if kind != "FLOAT"]
        self._writer = pq.ParquetWriter(
            self._file,
            table.schema,
            compression={path: "zstd" if path in packed else "none" for path in leaves},
            compression_level=dict.fromkeys(packed, 1),
            use_dictionary=[path for path in small if path not in _OWN],
            write_statistics=small,
            write_page_checksum=True,  # numbers that rotted would be read as other numbers
            metadata_collector=self._metadata,
        )

    @property
    def size(self) -> int:
        """Bytes written so far."""
        return self._file.tell()

    def write(self, rows: pa.Table) -> None:
        """Adds `rows` as one row group."""
        self.rows += rows.num_rows
        self._writer.write_table(rows, row_group_size=max(1, rows.num_rows))

    def close(self) -> Part:
        """Ends the file and brings it to disk, or to its store."""
        self._writer.close()
        self._file.flush()
        if self.path == self.final:
            os.fsync(self._file.fileno())
        size = self._file.tell()
        self._file.close()
        if not isinstance(self.final, Path):
            self.final.upload(self.path)
            self.path.unlink()
        stats = json.dumps(_stats(self._metadata[0], self.table))
        return Part(DataFile(self.name, size, stats), self.rows)

    def discard(self) -> None:
        """Closes the file and removes it."""
        # A full disk refuses the end of the file, too; then there is no metadata to collect.
        with suppress(OSError, pa.ArrowException, RuntimeError):
            self._writer.close()
        with suppress(OSError):
            self._file.close()
        self.path.unlink(missing_ok=True)


@cache
def _leaves(schema: pa.Schema) -> dict[str, str]:
    """The dotted paths of the columns as Parquet stores them, with their physical types."""
    empty = pa.BufferOutputStream()
    pq.write_table(schema.empty_table(), empty)
    columns = pq.ParquetFile(pa.BufferReader(empty.getvalue())).schema
    found = [columns.column(i) for i in range(len(columns))]
    return {column.path: column.physical_type for column in found}


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
