"""Removes what nothing can read any more: files, log, blobs, and what killed work left."""

from __future__ import annotations

from collections.abc import Iterable

from dataq_lake.cleaning import (
    FRESH,
    RETENTION,
    Freed,
    collect_blobs,
    remove,
    unneeded,
    unneeded_blobs,
)
from dataq_lake.errors import LakeError
from dataq_lake.indexes.folder import indexes_in
from dataq_lake.interface import LakeTable
from dataq_lake.lake import SPILL_SECONDS, Lake
from dataq_lake.location import Location
from dataq_lake.maintenance.extents import Extent, on_disk
from dataq_lake.maintenance.task import Job
from dataq_lake.table import TableHandle

CRON = "40 3 * * 0"
HARMLESS = False


def extent(lake: Lake) -> Extent:
    """Everything on disk."""
    return on_disk(lake.root)


def work(lake: Lake, job: Job) -> None:
    """One file after another; what is gone is gone, the next run finds the rest."""
    for name in lake.stored():
        handle = lake.table(name)
        if not isinstance(handle, TableHandle):
            _vacuum_whole(handle, job)
            continue
        try:
            found = unneeded(handle, now=job.now)
        except LakeError as error:  # one that cannot be read; the others can
            job.notes.append(str(error))
            continue
        _remove(found, job)
    _collect(lake, job)
    _remove_leftovers(lake, job)


def _vacuum_whole(handle: LakeTable, job: Job) -> None:
    """Has an engine that knows its own files remove what it does not need."""
    if job.bounds.allow() and not job.dry_run:
        _freed(job, handle.vacuum(RETENTION, FRESH, job.now), "table files removed")


def _remove(paths: Iterable[Location], job: Job) -> None:
    for path in paths:
        size = _size(path)
        if not job.bounds.allow(size):
            return
        _freed(job, Freed(1, size) if job.dry_run else remove([path]), "table files removed")


def _collect(lake: Lake, job: Job) -> None:
    if job.dry_run:
        sizes = [_size(lake.blobs.path(uri)) for uri in unneeded_blobs(lake)]
        _freed(job, Freed(len(sizes), sum(sizes)), "blobs removed")
    elif job.bounds.allow():

        def go_on(freed: Freed, uri: str) -> bool:
            return job.bounds.allow(freed.bytes + _size(lake.blobs.path(uri)))

        _freed(job, collect_blobs(lake, go_on=go_on), "blobs removed")


def _remove_leftovers(lake: Lake, job: Job) -> None:
    """What large questions, writers and publishers left that were killed."""
    sizes = [on_disk(spill) for spill in _old_spills(lake, job)]
    if not job.dry_run:
        lake.spill_folder()  # removes the old ones
        lake.blobs.writer().abort()  # as does the first writer of a store
        if (lake.root / "indexes").is_dir():
            with indexes_in(lake.root).writing():
                pass
    for size in sizes:
        _freed(job, Freed(size.files, size.bytes), "spilled files removed")


def _old_spills(lake: Lake, job: Job) -> list[Location]:
    tmp = lake.root / "tmp"
    limit = job.now.timestamp() - SPILL_SECONDS
    return [each for each in tmp.iterdir() if each.stat().st_mtime < limit] if tmp.is_dir() else []


def _freed(job: Job, freed: Freed, what: str) -> None:
    job.bounds.take(freed.bytes)
    job.count(what, freed.files)
    job.count("bytes freed", freed.bytes)


def _size(path: Location) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
