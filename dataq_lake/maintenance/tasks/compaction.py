"""Merges small files of tables, and forgets states of plugins that later ones have replaced."""

from __future__ import annotations

from dataq_lake.interface import LakeTable
from dataq_lake.lake import Lake
from dataq_lake.maintenance.extents import Extent, live_tables
from dataq_lake.maintenance.task import Job
from dataq_lake.table import TableHandle
from dataq_lake.written import CommitInfo

CRON = "10 3 * * *"
HARMLESS = True
ASSET = "maintenance/compaction"


def extent(lake: Lake) -> Extent:
    """The live files of all tables."""
    return live_tables(lake)


def work(lake: Lake, job: Job) -> None:
    """One commit a merged file, so an end at any moment loses at most that one."""
    info = CommitInfo(job.run_id, ASSET)
    for name in lake.stored():
        handle = lake.table(name)
        snapshot = handle.snapshot()
        if snapshot is not None and snapshot.schema_version < handle.table.version:
            job.notes.append(f"table {name} was left alone: run `dataq upgrade` first")
            continue
        if not isinstance(handle, TableHandle):
            _merge_whole(handle, job, info)
            continue
        if name == "plugin_state":
            _forget(handle, job, info)
        _compact(handle, job, info)


def _merge_whole(handle: LakeTable, job: Job, info: CommitInfo) -> None:
    """Has an engine that knows its own files merge them, as many as it thinks fit."""
    if job.bounds.allow() and not job.dry_run and handle.merge(info):
        job.count("tables merged", 1)


def _compact(handle: TableHandle, job: Job, info: CommitInfo) -> None:
    from dataq_lake.compacting import merge_files, mergeable  # loads Polars

    for files in list(mergeable(handle)):
        size = sum(file.size for file in files)
        if not job.bounds.allow(size):
            return
        job.bounds.take(size)
        if job.dry_run or merge_files(handle, files, info):
            job.count("files merged", len(files))
            job.count("bytes merged", size)
        else:
            job.bounds.reached = True
            job.notes.append(f"table {handle.name} was being written to: its rest is left")
            return


def _forget(handle: TableHandle, job: Job, info: CommitInfo) -> None:
    from dataq_lake.superseding import drop_superseded, superseded  # loads Polars

    if handle.exists and job.bounds.allow():
        gone = superseded(handle) if job.dry_run else drop_superseded(handle, info)
        job.count("states forgotten", gone)
