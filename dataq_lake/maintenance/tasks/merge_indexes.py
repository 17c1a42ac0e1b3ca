"""Makes one part of many small ones, and leaves out of it what no longer counts."""

from __future__ import annotations

from pathlib import Path

from dataq_lake.indexes.folder import indexes_in
from dataq_lake.lake import Lake
from dataq_lake.maintenance.extents import Extent, on_disk
from dataq_lake.maintenance.task import Job
from dataq_lake.written import CommitInfo

CRON = "25 3 * * *"
HARMLESS = True


def extent(lake: Lake) -> Extent:
    """The current snapshot of the index with its parts; older ones keep theirs beside it."""
    folder = indexes_in(lake.root)
    latest = folder.latest()
    if latest is None:
        return Extent()
    if not isinstance(lake.root, Path):
        return on_disk(lake.root / "indexes")  # which object is whose would have to be asked
    parts = (folder.part_folder(part.id) for part in latest.parts)
    return sum(map(on_disk, parts), on_disk(folder.snapshot_folder(latest)))


def work(lake: Lake, job: Job) -> None:
    """One publication; an old snapshot stays searchable, with the parts it names."""
    from dataq_lake.indexes.merging import merge_parts, wasteful  # loads the engines

    folder = indexes_in(lake.root)
    latest = folder.latest()
    if latest is None or not latest.has_index:
        return
    chosen = []
    for part in wasteful(latest):
        size = on_disk(folder.part_folder(part.id)).bytes
        if not job.bounds.allow(size):
            break
        job.bounds.take(size)
        chosen.append(part)
    if not job.dry_run:
        chosen = merge_parts(lake, chosen, CommitInfo(job.run_id, "maintenance/merge_indexes"))
    job.count("parts merged", len(chosen))
    job.count("rows left out", sum(part.gone for part in chosen))
