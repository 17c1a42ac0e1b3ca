"""What the runs of a task have really stored: counted in the lake, whatever was told of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dataq_lake.lake import open_lake
from dataq_resources.home import Home
from dataq_resources.jobs.store import JobStore
from dataq_resources.jobs.task import Task
from dataq_resources.jobs.waiting import Waiting

TASK_TAG = "dataq/task"
NO_TRACE = "its process could not leave one"


@dataclass(frozen=True)
class Counts:
    """Rows of raw, the bytes of what they are about, and rows in quarantine."""

    items: int = 0
    bytes: int = 0
    rejected: int = 0


def stored_by(home: Home, sources: Sequence[str], run_ids: Sequence[str]) -> Counts:
    """What these runs have stored of these sources."""
    import polars as pl

    lake = open_lake(home.lake)
    items = size = rejected = 0
    these = pl.col("run_id").is_in(list(run_ids))
    for source in sources:
        raw = lake.raw(source).scan(["run_id", "size"]).filter(these)
        rows, total = raw.select(pl.len(), pl.col("size").sum()).collect().row(0)
        held = lake.table("quarantine").scan(["run_id", "source"]).filter(these)
        held = held.filter(pl.col("source") == source)
        items, size = items + rows, size + (total or 0)
        rejected += held.select(pl.len()).collect().item()
    return Counts(int(items), int(size), int(rejected))


def run_ids_of(home: Home, task_id: str) -> list[str]:
    """The runs that a task has made, the oldest first; such as nobody does any more are ended."""
    from dagster import RunsFilter

    from dataq_assets.runs.dead import bury
    from dataq_assets.runs.launch import open_instance

    with open_instance(home) as instance:
        bury(instance)
        runs = instance.get_runs(RunsFilter(tags={TASK_TAG: task_id}))
    return [run.run_id for run in reversed(runs)]


def count_again(home: Home, store: JobStore, task: Task, words: str = "") -> None:
    """Has the record of an extraction whose process was killed say what that has stored."""
    run_ids = run_ids_of(home, task.id)
    counts = stored_by(home, [task.source], run_ids)
    Waiting(store).correct(
        task.id,
        items=counts.items,
        bytes_=counts.bytes,
        rejected=counts.rejected,
        run_ids=run_ids,
        trace=words or NO_TRACE,
    )
