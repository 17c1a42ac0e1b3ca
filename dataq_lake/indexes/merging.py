"""Makes few parts of many small or hollow ones, as a snapshot of its own with the same segments."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from math import log
from typing import TYPE_CHECKING

from dataq_lake.ids import make_id
from dataq_lake.indexes import draft as drafting
from dataq_lake.indexes.draft import Draft
from dataq_lake.indexes.folder import indexes_in
from dataq_lake.indexes.publish import record
from dataq_lake.storage import writable
from dataq_lake.written import CommitInfo

if TYPE_CHECKING:
    from dataq_lake.indexes.manifest import Manifest, PartEntry
    from dataq_lake.lake import Lake

HOLLOW = 0.2
"""The share of rows that no longer count from which a part is better written anew."""


def wasteful(manifest: Manifest) -> list[PartEntry]:
    """The parts that are better merged: small ones, if there are two, hollow ones, and equals.

    Of those that are about as large, MERGED_PARTS become one, so that a row is written anew once
    each time that the index has become so many times as large.
    """
    if not manifest.can_grow:
        return []
    hollow = {part.id for part in manifest.parts if part.gone > HOLLOW * part.rows}
    small = {part.id for part in manifest.parts if part.live < drafting.PART_ROWS // 2}
    chosen = hollow | small if len(hollow | small) > 1 else hollow
    chosen |= _equals(manifest)
    return [part for part in manifest.parts if part.id in chosen]


def _equals(manifest: Manifest) -> set[str]:
    """The parts of each order of size of which there are many."""
    orders: dict[int, set[str]] = {}
    for part in manifest.parts:
        size = 2 * part.live / drafting.PART_ROWS
        if size >= 1 and part.live <= drafting.LARGEST_ROWS // 2:
            orders.setdefault(int(log(size, drafting.MERGED_PARTS)), set()).add(part.id)
    many = (found for found in orders.values() if len(found) >= drafting.MERGED_PARTS)
    return set().union(*many)


def merge_parts(
    lake: Lake, parts: Sequence[PartEntry], info: CommitInfo | None = None
) -> list[PartEntry]:
    """Publishes the current index with `parts` merged; returns those that still were there.

    The snapshot names the tables' versions of the one before, for it is the same state. That one
    stays as it is, and searchable, until it is retired.
    """
    info = info or CommitInfo(asset="maintenance/merge_indexes")
    folder = indexes_in(lake.root)
    with writable(lake.root), folder.writing():
        latest = folder.latest()
        wanted = {part.id for part in parts}
        there = [part for part in latest.parts if part.id in wanted] if latest else []
        if latest is None or not there or not latest.can_grow:
            return []
        now = datetime.now(UTC).isoformat()
        draft = Draft(folder, latest, latest.model, make_id("snapshot", latest.id, "merge", now))
        draft.merge(part.id for part in there)
        draft.finish(info.run_id, latest.tables)
        record(lake, folder, info)
    return there
