"""Adds rows to a table as they come: bounded in memory, committed a good piece at a time."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import replace

import pyarrow as pa

from dataq_lake.accepting import accept
from dataq_lake.committing import Change, commit, ensure
from dataq_lake.compacting import tidy
from dataq_lake.errors import Retry
from dataq_lake.parts import FILE_BYTES, PartWriter, discard
from dataq_lake.table import TableHandle
from dataq_lake.written import CommitInfo, Written

COMMIT_ROWS = 10_000
COMMIT_BYTES = 32 << 20
COMMIT_SECONDS = 30.0
PAUSE_SECONDS = 1.0
"""How long a commit waits for more rows, if they come so fast; each costs 10 ms or two."""
ATTEMPTS = 40


def append(
    handle: TableHandle,
    batches: Iterable[pa.RecordBatch],
    info: CommitInfo,
    committed: Callable[[Written], None] | None = None,
) -> Written:
    """Adds every row, in commits of COMMIT_ROWS rows, COMMIT_BYTES bytes or COMMIT_SECONDS.

    Where rows come faster there is one a second, or for each file's worth.
    """
    writer = PartWriter(handle.table, handle.folder)
    total = Written(version=handle.version())
    try:
        for batch in batches:
            started = time.perf_counter()
            ensure(handle)
            writer.write(accept(handle.table, batch))
            if full(writer):
                total += _publish(handle, writer, info, committed)
            total = replace(total, seconds=total.seconds + time.perf_counter() - started)
        if writer.rows:
            total += _publish(handle, writer, info, committed)
    except BaseException:
        writer.abort()
        raise
    tidy(handle, info)
    return total


def full(writer: PartWriter) -> bool:
    """Whether enough has come together for a commit of its own, or it has waited long enough."""
    if not writer.rows:
        return False
    waited = time.monotonic() - writer.since
    enough = writer.rows >= COMMIT_ROWS or writer.bytes >= COMMIT_BYTES
    return (
        (enough and waited >= PAUSE_SECONDS)
        or writer.bytes >= FILE_BYTES
        or waited > COMMIT_SECONDS
    )


def _publish(
    handle: TableHandle,
    writer: PartWriter,
    info: CommitInfo,
    committed: Callable[[Written], None] | None,
) -> Written:
    """Makes what is staged visible, whatever others add meanwhile."""
    parts = tuple(writer.finish())
    for attempt in range(ATTEMPTS):
        written = commit(handle, Change(new=parts), info)
        if written is not None:
            if committed:
                committed(written)
            return written
        time.sleep(0.005 * attempt)
    discard(handle.folder, parts)
    raise Retry(f"table {handle.name}: other writers were faster too often, run again")
