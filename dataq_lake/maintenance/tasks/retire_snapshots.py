"""Forgets snapshots that nobody keeps: all of late stay, then one a day, then one a month."""

from __future__ import annotations

from dataq_lake.lake import Lake
from dataq_lake.maintenance.extents import Extent, on_disk
from dataq_lake.maintenance.task import Job
from dataq_lake.snapshots import retire_all, snapshots

CRON = "55 3 * * *"
HARMLESS = False
AT_ONCE = 100


def extent(lake: Lake) -> Extent:
    """Everything in the folder of indexes."""
    return on_disk(lake.root / "indexes")


def work(lake: Lake, job: Job) -> None:
    """The oldest first, some at a time; and what a killed run had begun, also if none is left."""
    folder = lake.root / "indexes"
    if not folder.is_dir():
        return
    gone = [each.id for each in job.keeping.outlived(snapshots(lake), job.now)]
    if job.dry_run:
        job.count("snapshots retired", len(gone))
        return
    for start in range(0, max(1, len(gone)), AT_ONCE):
        if not job.bounds.allow():
            return
        some = gone[start : start + AT_ONCE]
        before = on_disk(folder).bytes
        retire_all(lake, some, job.run_id)
        job.bounds.take(max(0, before - on_disk(folder).bytes))
        job.count("snapshots retired", len(some))
