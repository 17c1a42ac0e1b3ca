"""Looks at every byte of a table's files: whether they are there, whole, and as the log says."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from dataq_lake.damage import Damage, Told, unheard
from dataq_lake.errors import LakeError
from dataq_lake.location import Location, readable

if TYPE_CHECKING:
    from dataq_lake.log_entries import DataFile
    from dataq_lake.table import TableHandle


def damage(handle: TableHandle, told: Told = unheard) -> Iterator[Damage]:
    """What is wrong with the log and the files of the newest version; one row group in memory.

    What comes meanwhile is not looked at, and what goes meanwhile is no damage.
    """
    try:
        reason = handle.log.damage()
        if reason:
            yield Damage(handle.name, reason, mendable=False)
            return
        snapshot = handle.snapshot()
    except LakeError as error:
        yield Damage(handle.name, str(error), mendable=False)
        return
    for file in snapshot.files if snapshot else ():
        wrong = _reason(handle.folder / file.path, file)
        told(file.size)
        if wrong and _still_counts(handle, file):
            yield Damage(f"{handle.name}/{file.path}", wrong)


def _still_counts(handle: TableHandle, file: DataFile) -> bool:
    """Whether the newest version has the file: of others any may have been cleaned up meanwhile."""
    newest = handle.snapshot()
    return newest is not None and file.path in {each.path for each in newest.files}


def _reason(path: Location, file: DataFile) -> str | None:
    try:
        size = path.stat().st_size
        if size != file.size:
            return f"has {size} bytes, {file.size} were written"
        rows = _rows(path)
    except FileNotFoundError:
        return "is in the log but not on disk"
    except (OSError, pa.ArrowException) as error:
        return f"cannot be read: {' '.join(str(error).split())[:200]}"
    if file.rows is not None and rows != file.rows:
        return f"has {rows} rows, {file.rows} were written"
    return None


def _rows(path: Location) -> int:
    """How many rows can be decoded, all columns of them; pages that have a checksum hold it."""
    with pq.ParquetFile(readable(path), page_checksum_verification=True) as parquet:
        return sum(parquet.read_row_group(n).num_rows for n in range(parquet.num_row_groups))
