"""Processes that write to one table at once, forked from one that has imported what they need."""

from __future__ import annotations

import os
import traceback
from collections.abc import Callable, Iterable, Mapping
from multiprocessing import get_context
from typing import TYPE_CHECKING

import pyarrow as pa

from dataq_lake.lake import open_lake
from dataq_lake.table import TableHandle

if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from multiprocessing.synchronize import Barrier

    from dataq_lake.lake import Lake

SECONDS = 120
LOADED = ("deltalake", "duckdb", "polars", "pyarrow.parquet", "pytest", "tests.lake.writers")
FORKS = get_context("forkserver")
FORKS.set_forkserver_preload(list(LOADED))

Write = Callable[["Writer"], None]


class Writer:
    """The table `segments` as one of the processes has it, which is number `me` of them."""

    def __init__(self, root: str, me: int) -> None:
        self.me = me
        self.handle: TableHandle = open_lake(root).table("segments")

    def batch(self, numbers: Iterable[int]) -> pa.RecordBatch:
        """A row for each number, by this writer."""
        rows = [{"id": key(number), "sequence_number": self.me} for number in numbers]
        return pa.RecordBatch.from_pylist(rows, schema=self.handle.table.schema)


def key(number: int) -> str:
    """The id of the row of a number."""
    return f"{number:032x}"


def at_once(write: Write, lake: Lake, writers: int) -> None:
    """Has that many processes `write` from the same moment on; fails if one of them does."""
    together = FORKS.Barrier(writers)
    processes, ends = [], []
    for number in range(writers):
        here, there = FORKS.Pipe(duplex=False)
        told = (write, str(lake.root), number, dict(os.environ), together, there)
        processes.append(FORKS.Process(target=_run, args=told))
        processes[-1].start()
        there.close()
        ends.append(here)
    for process, end in zip(processes, ends, strict=True):
        assert end.poll(SECONDS), "nothing was heard of a writer"
        errors = end.recv()
        assert not errors, errors
        process.join(SECONDS)
        assert process.exitcode == 0, "it did not end by itself"
        end.close()
        process.close()


def _run(
    write: Write,
    root: str,
    me: int,
    environment: Mapping[str, str],
    together: Barrier,
    end: Connection,
) -> None:
    """What a process does, with the environment that the test has by now; sends what failed."""
    os.environ.clear()
    os.environ.update(environment)
    try:
        writer = Writer(root, me)
        together.wait(SECONDS)
        write(writer)
    except BaseException:
        end.send(traceback.format_exc())
        raise
    end.send("")
