"""The tasks, what each is given, and what it reports."""

from __future__ import annotations

import pkgutil
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from functools import cache
from importlib import import_module
from typing import Any

from dataq_lake.errors import FixTheCall
from dataq_lake.lake import Lake
from dataq_lake.maintenance import tasks as folder
from dataq_lake.maintenance.bounds import Bounds
from dataq_lake.maintenance.extents import Extent
from dataq_lake.maintenance.keeping import Keeping
from dataq_lake.storage import writable


@dataclass
class Job:
    """One run of a task: its bounds, and what it has done so far, in words and numbers.

    With `dry_run` nothing is changed, and `done` is what would be.
    """

    bounds: Bounds = field(default_factory=Bounds)
    keeping: Keeping = field(default_factory=Keeping)
    dry_run: bool = False
    now: datetime = field(default_factory=lambda: datetime.now(UTC))
    run_id: str = ""
    done: dict[str, int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def count(self, what: str, number: int = 1) -> None:
        """Adds to what is done."""
        if number:
            self.done[what] = self.done.get(what, 0) + number


@dataclass(frozen=True)
class Report:
    """What one run of a task did; `complete` unless its bounds left something for the next."""

    task: str
    before: Extent
    after: Extent
    done: dict[str, int]
    complete: bool
    notes: tuple[str, ...]
    dry_run: bool
    seconds: float

    def as_dict(self) -> dict[str, Any]:
        """The report as JSON can hold it."""
        return asdict(self)


@dataclass(frozen=True)
class Task:
    """One kind of maintenance; a `harmless` one takes away nothing that anybody could want."""

    name: str
    doc: str
    cron: str
    harmless: bool
    extent: Callable[[Lake], Extent]
    work: Callable[[Lake, Job], None]

    def run(self, lake: Lake, job: Job | None = None) -> Report:
        """Does as much as the job's bounds allow; the next run goes on where this one ended.

        Raises NotWritable where the disk refuses.
        """
        job = job or Job()
        before = self.extent(lake)
        with writable(lake.root):
            self.work(lake, job)
        after = before if job.dry_run else self.extent(lake)
        complete, seconds = not job.bounds.reached, round(job.bounds.elapsed, 3)
        return Report(
            self.name, before, after, job.done, complete, tuple(job.notes), job.dry_run, seconds
        )


@cache
def tasks() -> tuple[Task, ...]:
    """Every file of the folder `tasks`, in the order of their names."""
    found = []
    for info in pkgutil.iter_modules(folder.__path__):
        module = import_module(f"{folder.__name__}.{info.name}")
        name, doc = info.name.replace("_", "-"), (module.__doc__ or "").strip()
        found.append(Task(name, doc, module.CRON, module.HARMLESS, module.extent, module.work))
    return tuple(found)


def task(name: str) -> Task:
    """The task of this name; raises FixTheCall naming all."""
    for each in tasks():
        if each.name == name:
            return each
    raise FixTheCall(f"no task {name!r}: there are {', '.join(each.name for each in tasks())}")
