"""The process of one task: `python -m dataq_assets.runs.job_process ID`. Nobody types this."""

from __future__ import annotations

import signal
import sys
import threading
import time

from dataq_assets.runs.launch import tagged
from dataq_assets.runs.outcome import Outcome
from dataq_resources.home import Home, home_from_environment
from dataq_resources.jobs.definition import JobDefinition
from dataq_resources.jobs.meter import ARCHIVING, DELIVERING, Meter
from dataq_resources.jobs.store import JobStore
from dataq_resources.jobs.task import STOPPED
from dataq_resources.processes import this_process
from dataq_resources.progress import Progress

EVERY_SECONDS = 0.5
NOT_MINE = 3


def main(task_id: str) -> int:
    """Do a task that waits; the exit code is 0 once its end is on record, good or bad."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    home = home_from_environment()
    with JobStore(home) as store:
        if not store.claim(task_id, this_process()):
            return NOT_MINE
        task = store.task(task_id)
        definition = store.job(task.job, task.version).definition
        teller = Teller(store, task_id, definition)
        outcome = Outcome()
        try:
            with tagged({"dataq/job": task.job, "dataq/task": task_id}):
                _work(home, definition, teller, outcome)
        except KeyboardInterrupt:
            teller.tell()
            how = STOPPED[store.task(task_id).stopping]
            store.end(task_id, "stopped", how, outcome.run_ids)
            return 0
        except Exception as error:  # noqa: BLE001 - whatever it is belongs into the task's record
            teller.tell()
            store.end(task_id, "failed", f"{type(error).__name__}: {error}", outcome.run_ids)
            return 0
        teller.finish(outcome)
    return 0


class Teller:
    """Writes down how far a task has come, every now and then."""

    def __init__(self, store: JobStore, task_id: str, definition: JobDefinition) -> None:
        stages = ARCHIVING * bool(definition.sources) + DELIVERING * bool(definition.destinations)
        self._store, self._task = store, task_id
        self._meter = Meter(stages)
        self._bytes = 0
        self._told_at = 0.0
        self._lock = threading.Lock()

    def hear(self, progress: Progress) -> None:
        """Takes in how far one piece of work has come; any thread may."""
        before = self._meter.stage
        self._meter.hear(progress)
        with self._lock:
            changed = before != self._meter.stage
            if changed:
                self._store.log(self._task, f"stage {self._meter.stage}")
            if changed or time.monotonic() - self._told_at >= EVERY_SECONDS:
                self.tell()

    def tell(self) -> None:
        """Writes down what is known."""
        self._told_at = time.monotonic()
        self._store.progress(
            self._task,
            self._meter.percent,
            self._meter.stage,
            items=self._meter.count("raw"),
            bytes_=self._bytes,
            rows=self._meter.count("destinations"),
        )

    def archived(self, size: int) -> None:
        """Takes in how many bytes the sources have sent."""
        self._bytes = size
        self.tell()

    def finish(self, outcome: Outcome) -> None:
        """Writes down the end."""
        self.tell()
        for table, rows in outcome.rows.items():
            if rows:
                self._store.log(self._task, f"{table}: {rows:,} rows")
        for warning in outcome.warnings:
            self._store.log(self._task, warning, "warning")
        lines = [f"{each.where}: {each.reason}" for each in outcome.failures]
        for line in lines:
            self._store.log(self._task, line, "error")
        state = "failed" if lines else "completed"
        self._store.end(self._task, state, "; ".join(lines) or None, outcome.run_ids)


def _work(home: Home, definition: JobDefinition, teller: Teller, outcome: Outcome) -> None:
    from dataq_assets.runs.delivering import deliver
    from dataq_assets.runs.running import run

    if definition.sources:
        outcome.add(run(home, definition.sources, teller.hear, definition.full))
        teller.archived(_bytes(home, definition.sources, outcome.run_ids))
    if definition.destinations and outcome.ok:
        outcome.add(deliver(home, definition.destinations, teller.hear, definition.question))


def _bytes(home: Home, sources: tuple[str, ...], run_ids: list[str]) -> int:
    """What these runs have archived."""
    import polars as pl

    from dataq_lake.lake import open_lake

    lake = open_lake(home.lake)
    total = 0
    for source in sources:
        rows = lake.raw(source).scan(["run_id", "size"]).filter(pl.col("run_id").is_in(run_ids))
        total += rows.select(pl.col("size").sum()).collect().item() or 0
    return int(total)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
