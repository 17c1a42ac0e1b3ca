"""Writes rows of raw, a row a write, by threads: in groups, waiting for each, or one by one."""

from __future__ import annotations

import json
import shutil
import sys
import time
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime
from threading import Semaphore

import pyarrow as pa

from dataq_lake.group_commit import GroupCommit
from dataq_lake.lake import open_lake
from dataq_lake.table import TableHandle
from dataq_lake.written import Written

OUTSTANDING = 250


def main(root: str, way: str, writes: int, producers: int) -> None:
    """Print the seconds that all writes took, and the rows that are there after it."""
    handle = open_lake(root).raw("s")
    handle.append([_row(handle, -1)])  # what the first write of a process and a table costs apart
    batches = [[_row(handle, n) for n in range(p, writes, producers)] for p in range(producers)]
    begun = time.perf_counter()
    if way == "alone":
        for batch in (each for some in batches for each in some):
            handle.append([batch])
    else:
        most = OUTSTANDING if way == "group" else 1
        with GroupCommit(handle) as group, ThreadPoolExecutor(producers) as threads:
            list(threads.map(lambda some: _produce(group, some, most), batches))
    seconds = time.perf_counter() - begun
    print(json.dumps({"seconds": seconds, "rows": handle.count() - 1}))
    shutil.rmtree(root)


def _produce(group: GroupCommit, batches: list[pa.RecordBatch], most: int) -> None:
    """Submits all of them, with at most so many that nobody has told to be durable."""
    room = Semaphore(most)
    told: list[Future[Written]] = []

    def free(_: Future[Written]) -> None:
        room.release()

    for batch in batches:
        room.acquire()
        future = group.submit(batch)
        future.add_done_callback(free)
        told.append(future)
    for future in told:
        future.result()


def _row(handle: TableHandle, number: int) -> pa.RecordBatch:
    now = datetime.now(UTC)
    row = {
        "item_id": f"{number & 0xFFFFFFFF:032x}",
        "source": "s",
        "source_id": f"sensor/{number}",
        "sequence": number,
        "timestamp": now,
        "observed_at": now,
        "payload": b"x" * 200,
    }
    return pa.RecordBatch.from_pylist([row], schema=handle.table.schema)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
