"""Merges the small files that many small commits leave, so that reading stays quick."""

from __future__ import annotations

from dataq_lake import reading
from dataq_lake.committing import Change, commit
from dataq_lake.log import DataFile
from dataq_lake.parts import PartWriter, discard
from dataq_lake.table import BATCH_BYTES, TableHandle
from dataq_lake.written import CommitInfo

SMALL = 8 << 20
MANY = 32


def tidy(handle: TableHandle, info: CommitInfo) -> bool:
    """Merges the table's small files once there are many; says whether it did.

    Rows, keys and history stay. A merge that loses against another writer is given up: the next
    write tries again.
    """
    snapshot = handle.snapshot()
    if snapshot is None:
        return False
    small = tuple(file for file in snapshot.files if file.size < SMALL)
    return len(small) >= MANY and _merge(handle, small, snapshot.version, info)


def _merge(
    handle: TableHandle, files: tuple[DataFile, ...], version: int, info: CommitInfo
) -> bool:
    writer = PartWriter(handle.table, handle.folder)
    try:
        paths = [handle.folder / file.path for file in files]
        for batch in reading.batches(handle.table, paths, None, BATCH_BYTES):
            writer.write(batch)
        merged = tuple(writer.finish())
    except BaseException:
        writer.abort()
        raise
    done = commit(handle, Change(rewritten=merged, removed=files), info, only_after=version)
    if done is None:
        discard(handle.folder, merged)
    return done is not None
