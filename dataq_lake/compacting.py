"""Keeps a table quick to read and no larger than it need be: small files, files nobody needs."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import suppress

from dataq_lake import reading
from dataq_lake.cleaning import Freed, vacuum
from dataq_lake.committing import Change, commit
from dataq_lake.declared_table import BATCH_BYTES
from dataq_lake.errors import NotWritable, StoreSilent, VersionGone
from dataq_lake.log_entries import DataFile
from dataq_lake.parts import FILE_BYTES, PartWriter, discard
from dataq_lake.storage import writable
from dataq_lake.table import TableHandle
from dataq_lake.written import CommitInfo

SMALL = 8 << 20
MANY = 32
# What maintenance merges: fewer files than FEW cost a reader nothing to speak of.
MEDIUM = 32 << 20
FEW = 4
SWEEP_SECONDS = 7 * 86_400


def tidy(handle: TableHandle, info: CommitInfo) -> None:
    """After a write: merges small files once there are many, and each week drops unneeded ones.

    The write has been made: that a disk or store does not take this as well is left to the next.
    """
    with suppress(NotWritable, StoreSilent), writable(handle.root):
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


def mergeable(handle: TableHandle) -> Iterator[tuple[DataFile, ...]]:
    """Groups of files that are each better one, of about FILE_BYTES, in the order of the table.

    Small is here what is smaller than MEDIUM, so a file is rewritten a few times in its life.
    """
    snapshot = handle.snapshot()
    small = [file for file in snapshot.files if file.size < MEDIUM] if snapshot else []
    if len(small) < FEW:
        return
    group: list[DataFile] = []
    for file in small:
        if group and sum(each.size for each in group) + file.size > FILE_BYTES:
            if len(group) > 1:
                yield tuple(group)
            group = []
        group.append(file)
    if len(group) > 1:
        yield tuple(group)


def merge_files(handle: TableHandle, files: tuple[DataFile, ...], info: CommitInfo) -> bool:
    """Makes one of these files of the newest version; False if another writer was faster.

    The merged ones stay on disk for those who read, and for every version that has them.
    """
    snapshot = handle.snapshot()
    if snapshot is None or not set(files) <= set(snapshot.files):
        return False
    return _merge(handle, files, snapshot.version, info)


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
