"""So long the published index has lacked something that is current."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from dataq_assets.stages.coverage import coverage
from dataq_assets.stages.indexes import SEGMENTS_FROM
from dataq_assets.stages.level import Measured

if TYPE_CHECKING:
    from dataq_assets.stages.level import Measuring
    from dataq_lake.indexes.manifest import Manifest

UNIT = "hours"
AT_LEAST = False


def measure(measuring: Measuring) -> Measured:
    """Hours since the first change that it lacks, 0 where it lacks nothing.

    A change is known by its commit, so it is at most so long.
    """
    manifest = measuring.snapshot.manifest
    facts = {"published": manifest.created_at}
    found = coverage(measuring.lake, measuring.snapshot)
    if not found.missing and not found.past:
        return Measured(0.0, facts)
    since = _changed(measuring, manifest) or datetime.fromisoformat(manifest.created_at)
    hours = max(0.0, (measuring.now - since).total_seconds() / 3600)
    return Measured(hours, {**facts, "changed": since.isoformat(), **found.as_dict()})


def _changed(measuring: Measuring, manifest: Manifest) -> datetime | None:
    """When one of the tables that the index is made of was first written to since."""
    times = [
        commit.time
        for name in SEGMENTS_FROM
        for commit in measuring.lake.table(name).history()
        if commit.version > manifest.tables.get(name, -1)
    ]
    return min(times, default=None)
