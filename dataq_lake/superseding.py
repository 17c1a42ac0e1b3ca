"""Keeps the table of plugins' states from growing with every save."""

from __future__ import annotations

import polars as pl

from dataq_lake import reading
from dataq_lake.committing import Change, commit
from dataq_lake.declared_table import BATCH_BYTES
from dataq_lake.parts import PartWriter, discard
from dataq_lake.table import TableHandle
from dataq_lake.written import CommitInfo


def superseded(handle: TableHandle) -> int:
    """How many rows say a state that a later one of the same source has replaced."""
    found = handle.scan(["source"]).select(pl.len(), pl.col("source").n_unique()).collect()
    rows, sources = found.row(0)
    return int(rows) - int(sources)


def drop_superseded(handle: TableHandle, info: CommitInfo) -> int:
    """Leaves the latest state of each source; returns how many rows went, 0 if others wrote.

    A state that is saved meanwhile stays: it lies in a file that this does not touch. Earlier
    versions of the table keep theirs until they are cleaned up.
    """
    snapshot = handle.snapshot()
    if snapshot is None or not (gone := superseded(handle)):
        return 0
    paths = [handle.folder / file.path for file in snapshot.files]
    latest = (
        reading.scan(handle.table, paths)
        .select("source", "sequence")
        .group_by("source")
        .agg(pl.col("sequence").max())
        .collect()
    )
    writer = PartWriter(handle.table, handle.folder)
    try:
        for batch in reading.batches(handle.table, paths, None, BATCH_BYTES):
            keys = pl.DataFrame(batch.select(["source", "sequence"])).with_row_index("row")
            stay = keys.join(latest, on=["source", "sequence"], how="semi").sort("row")
            if stay.height:
                writer.write(batch.take(stay["row"].to_arrow()))
        kept = tuple(writer.finish())
    except BaseException:
        writer.abort()
        raise
    change = Change(rewritten=kept, removed=snapshot.files, deleted=gone)
    if commit(handle, change, info, only_after=snapshot.version) is None:
        discard(handle.folder, kept)
        return 0
    return gone
