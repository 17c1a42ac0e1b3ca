"""Keeps a table quick to read and no larger than it need be: small files, files nobody needs."""

from __future__ import annotations

import time

from dataq_lake import reading
from dataq_lake.cleaning import Freed, vacuum
from dataq_lake.committing import Change, commit
from dataq_lake.errors import VersionGone
from dataq_lake.log import DataFile
from dataq_lake.parts import PartWriter, discard
from dataq_lake.table import BATCH_BYTES, TableHandle
from dataq_lake.written import CommitInfo

SMALL = 8 << 20
MANY = 32
SWEEP_SECONDS = 7 * 86_400


def tidy(handle: TableHandle, info: CommitInfo) -> None:
    """After a write: merges small files once there are many, and each week drops unneeded ones."""
    if handle.exists:
        merge(handle, info)
        sweep(handle)


def merge(handle: TableHandle, info: CommitInfo) -> bool:
    """Merges the table's small files if there are MANY; says whether it did.

    Rows, keys and history stay. A merge that loses against another writer is given up: the next
    write tries again.
    """
    snapshot = handle.snapshot()
    if snapshot is None:
        return False
    small = tuple(file for file in snapshot.files if file.size < SMALL)
    return len(small) >= MANY and _merge(handle, small, snapshot.version, info)


def sweep(handle: TableHandle) -> Freed:
    """Once a week, removes what nothing needs any more; see `cleaning`."""
    mark = handle.folder / "_swept"  # engines leave names with an underscore alone
    age = time.time() - mark.stat().st_mtime if mark.exists() else None
    if age is None or age > SWEEP_SECONDS:
        mark.touch()
    if age is None or age <= SWEEP_SECONDS:
        return Freed()
    try:
        return vacuum(handle)
    except VersionGone:  # no reason to fail a write: whoever cleans up by hand is told
        return Freed()


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
