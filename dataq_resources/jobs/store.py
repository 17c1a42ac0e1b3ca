"""Jobs with all their versions, and their tasks, in one database."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

from dataq_resources.errors import Busy, JobExists, UnknownJob, UnknownTask
from dataq_resources.home import Home
from dataq_resources.jobs.database import Row, Taken, marks, opened
from dataq_resources.jobs.definition import JobDefinition
from dataq_resources.jobs.task import OPEN, Task
from dataq_resources.processes import place_of

COLUMNS = ", ".join(Task.__dataclass_fields__)


@dataclass(frozen=True)
class Job:
    """A job at one version."""

    name: str
    version: int
    definition: JobDefinition
    created_at: float


class JobStore:
    """One connection to the database, for one thread at a time; every change is a commit on disk.

    Raises DatabaseAway wherever a PostgreSQL does not answer.
    """

    def __init__(self, home: Home) -> None:
        self.db = opened(home)
        self.place = place_of(home.path)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.db.close()

    def register(self, name: str, definition: JobDefinition) -> Job:
        """A new job; raises JobExists."""
        with self.db.changing():
            if self._newest(name):
                raise JobExists(f"there is a job {name!r} already: update it, or remove it first")
            return self._add(name, definition)

    def update(self, name: str, definition: JobDefinition) -> Job:
        """The job at a new version, or as it is where nothing differs; raises UnknownJob."""
        with self.db.changing():
            job = self.job(name)
            return job if job.definition == definition else self._add(name, definition)

    def remove(self, name: str) -> None:
        """Removes a job; its versions and tasks stay on record. UnknownJob, Busy if it runs."""
        with self.db.changing():
            self.job(name)
            if self.tasks(name, states=OPEN):
                raise Busy(f"job {name} is running: stop it first")
            self._insert(name, None)

    def job(self, name: str, version: int | None = None) -> Job:
        """The job as it is, or as it was at a version; raises UnknownJob."""
        found = self._newest(name) if version is None else self._at(name, version)
        if found is None:
            known = ", ".join(each.name for each in self.jobs()) or "none"
            at = f" of version {version}" if version else ""
            raise UnknownJob(f"no job is called {name!r}{at}; there is {known}")
        return found

    def jobs(self) -> list[Job]:
        """Every job as it is, by name."""
        names = self.db.rows("select distinct name from jobs order by name")
        return [job for each in names if (job := self._newest(each["name"]))]

    def versions(self, name: str) -> list[Job]:
        """Every version of a job that has a definition, the first one first."""
        rows = self.db.rows(
            "select * from jobs where name = ? and definition is not null order by version", (name,)
        )
        return [_job(row) for row in rows]

    def add_task(self, job: Job, retrigger_of: str | None = None, task_id: str = "") -> Task:
        """A task that waits to be begun; raises Busy if the job has one that has not ended."""
        task_id = task_id or str(uuid.uuid4())
        try:
            self.db.change(
                "insert into tasks (id, job, version, state, created_at, retrigger_of) "
                "values (?, ?, ?, 'queued', ?, ?)",
                (task_id, job.name, job.version, time.time(), retrigger_of),
            )
        except Taken:
            running = self.tasks(job.name, states=OPEN, limit=1)
            if not running:
                raise Busy(f"there is a task {task_id} already") from None
            raise Busy(f"job {job.name} is running already: task {running[0].id}") from None
        return self.task(task_id)

    def task(self, task_id: str) -> Task:
        """One task; raises UnknownTask."""
        found = self.db.rows(f"select {COLUMNS} from tasks where id = ?", (task_id,))
        if not found:
            raise UnknownTask(f"no task is called {task_id!r}: dataq jobs tasks lists them")
        return as_task(found[0])

    def tasks(
        self, job: str | None = None, states: Sequence[str] = (), limit: int = 100
    ) -> list[Task]:
        """Tasks, the newest first."""
        tests, values = ["1 = 1"], list[Any]()
        if job:
            tests.append("job = ?")
            values.append(job)
        if states:
            tests.append(f"state in ({marks(states)})")
            values += states
        rows = self.db.rows(
            f"select {COLUMNS} from tasks where {' and '.join(tests)} "
            "order by created_at desc, id desc limit ?",
            (*values, limit),
        )
        return [as_task(row) for row in rows]

    def claim(self, task_id: str, process: str) -> bool:
        """Whether this process may do a task: one that waits, and only one process."""
        done = self.db.change(
            "update tasks set state = 'running', process = ?, place = ?, started_at = ?, "
            f"seen_at = {self.db.now} where id = ? and state = 'queued'",
            (process, self.place, time.time(), task_id),
        )
        return done == 1

    def progress(
        self, task_id: str, percent: float, stage: str, *, items: int, bytes_: int, rows: int
    ) -> None:
        """Writes down how far a task has come; nothing of it ever gets less."""
        most = self.db.greatest
        self.db.change(
            f"update tasks set percent = {most}(percent, ?), stage = ?, items = {most}(items, ?), "
            f"bytes = {most}(bytes, ?), rows = {most}(rows, ?) where id = ? and state = 'running'",
            (percent, stage, items, bytes_, rows, task_id),
        )

    def end(
        self,
        task_id: str,
        state: str,
        error: str | None = None,
        run_ids: Sequence[str] = (),
        *,
        error_type: str | None = None,
        trace: str | None = None,
    ) -> None:
        """Ends a task, unless it has ended."""
        self.db.change(
            "update tasks set state = ?, error = ?, run_ids = ?, ended_at = ?, error_type = ?, "
            "trace = ?, percent = case when ? = 'completed' then 100 else percent end "
            "where id = ? and state in ('queued', 'running')",
            (
                state,
                error,
                json.dumps(list(run_ids)),
                time.time(),
                error_type,
                trace,
                state,
                task_id,
            ),
        )

    def withdraw(self, task_id: str) -> None:
        """Ends a task that no process has begun."""
        self.db.change(
            "update tasks set state = 'stopped', error = ?, ended_at = ? "
            "where id = ? and state = 'queued'",
            ("it was stopped before it began", time.time(), task_id),
        )

    def stop(self, task_id: str, stopping: str) -> None:
        """Writes down how far the stopping of a task that runs has gone: asked, then further."""
        self.db.change(
            "update tasks set stopping = ?, stop_at = coalesce(stop_at, ?), "
            "stop_place = case when stop_place = '' then ? else stop_place end "
            "where id = ? and state = 'running'",
            (stopping, time.time(), self.place, task_id),
        )

    def log(self, task_id: str, line: str, level: str = "info") -> None:
        """Adds a line to a task's log."""
        self.db.change(
            "insert into lines (task, at, level, line) values (?, ?, ?, ?)",
            (task_id, time.time(), level, line),
        )

    def lines(self, task_id: str, limit: int = 10_000) -> list[dict[str, Any]]:
        """A task's log, the oldest line first; raises UnknownTask."""
        self.task(task_id)
        rows = self.db.rows(
            f"select at, level, line from lines where task = ? order by {self.db.order} limit ?",
            (task_id, limit),
        )
        return [dict(row) for row in rows]

    def _newest(self, name: str) -> Job | None:
        return self._one("select * from jobs where name = ? order by version desc limit 1", name)

    def _at(self, name: str, version: int) -> Job | None:
        return self._one("select * from jobs where name = ? and version = ?", name, version)

    def _one(self, question: str, *values: str | int) -> Job | None:
        found = self.db.rows(question, values)
        return _job(found[0]) if found and found[0]["definition"] else None

    def _add(self, name: str, definition: JobDefinition) -> Job:
        version, now = self._insert(name, definition.model_dump_json())
        return Job(name, version, definition, now)

    def _insert(self, name: str, definition: str | None) -> tuple[int, float]:
        newest = "select coalesce(max(version), 0) as last from jobs where name = ?"
        version = self.db.rows(newest, (name,))[0]["last"] + 1
        now = time.time()
        self.db.change("insert into jobs values (?, ?, ?, ?)", (name, version, definition, now))
        return version, now


def _job(row: Row) -> Job:
    definition = JobDefinition.model_validate_json(row["definition"])
    return Job(row["name"], row["version"], definition, row["created_at"])


def as_task(row: Row) -> Task:
    """A task of all of its columns."""
    return Task(**{**row, "run_ids": tuple(json.loads(row["run_ids"]))})
