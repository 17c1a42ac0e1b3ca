"""Jobs with all their versions, and their tasks, in one SQLite file."""

from __future__ import annotations

import json
import os
import sqlite3
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Self

from dataq_resources.errors import Busy, JobExists, UnknownJob, UnknownTask
from dataq_resources.home import Home
from dataq_resources.jobs.definition import JobDefinition
from dataq_resources.jobs.task import OPEN, Task

BUSY_SECONDS = 60
_TABLES = """
create table if not exists jobs (
    name text not null,
    version integer not null,
    definition text,            -- JSON; null where the job was removed
    created_at real not null,   -- Unix seconds, like all times here
    primary key (name, version)
);
create table if not exists tasks (
    id text primary key,
    job text not null,
    version integer not null,
    state text not null,
    percent real not null default 0,
    stage text not null default '',
    items integer not null default 0,
    bytes integer not null default 0,
    rows integer not null default 0,
    created_at real not null,
    started_at real,
    ended_at real,
    error text,
    run_ids text not null default '[]',
    retrigger_of text,
    process text,
    stopping text not null default '',
    stop_at real
);
create index if not exists tasks_of_jobs on tasks (job, created_at);
create unique index if not exists one_open_task on tasks (job) where state in ('queued','running');
create table if not exists lines (
    task text not null references tasks (id),
    at real not null,
    level text not null,
    line text not null
);
create index if not exists lines_of_tasks on lines (task);
"""
_COLUMNS = ", ".join(Task.__dataclass_fields__)


@dataclass(frozen=True)
class Job:
    """A job at one version."""

    name: str
    version: int
    definition: JobDefinition
    created_at: float


class JobStore:
    """One connection to the file, for one thread at a time; every change is a commit on disk."""

    def __init__(self, home: Home) -> None:
        folder = home.path / "jobs"
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = folder / "jobs.sqlite"
        with suppress(FileExistsError):
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
        self._db = sqlite3.connect(
            path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
        )
        self._db.row_factory = sqlite3.Row
        self._db.execute("pragma journal_mode=wal")
        self._db.execute("pragma synchronous=full")
        self._db.executescript(_TABLES)
        self._add_columns()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._db.close()

    def register(self, name: str, definition: JobDefinition) -> Job:
        """A new job; raises JobExists."""
        with self._changing():
            if self._newest(name):
                raise JobExists(f"there is a job {name!r} already: update it, or remove it first")
            return self._add(name, definition)

    def update(self, name: str, definition: JobDefinition) -> Job:
        """The job at a new version, or as it is where nothing differs; raises UnknownJob."""
        with self._changing():
            job = self.job(name)
            return job if job.definition == definition else self._add(name, definition)

    def remove(self, name: str) -> None:
        """Removes a job; its versions and tasks stay on record. UnknownJob, Busy if it runs."""
        with self._changing():
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
        names = self._db.execute("select distinct name from jobs order by name").fetchall()
        return [job for (name,) in names if (job := self._newest(name))]

    def versions(self, name: str) -> list[Job]:
        """Every version of a job that has a definition, the first one first."""
        rows = self._db.execute(
            "select * from jobs where name = ? and definition is not null order by version", (name,)
        )
        return [_job(row) for row in rows]

    def add_task(self, job: Job, retrigger_of: str | None = None, task_id: str = "") -> Task:
        """A task that waits to be begun; raises Busy if the job has one that has not ended."""
        task_id = task_id or str(uuid.uuid4())
        try:
            self._db.execute(
                "insert into tasks (id, job, version, state, created_at, retrigger_of) "
                "values (?, ?, ?, 'queued', ?, ?)",
                (task_id, job.name, job.version, time.time(), retrigger_of),
            )
        except sqlite3.IntegrityError:
            running = self.tasks(job.name, states=OPEN, limit=1)
            if not running:
                raise Busy(f"there is a task {task_id} already") from None
            raise Busy(f"job {job.name} is running already: task {running[0].id}") from None
        return self.task(task_id)

    def task(self, task_id: str) -> Task:
        """One task; raises UnknownTask."""
        rows = self._db.execute(f"select {_COLUMNS} from tasks where id = ?", (task_id,))
        row = rows.fetchone()
        if row is None:
            raise UnknownTask(f"no task is called {task_id!r}: dataq jobs tasks lists them")
        return _task(row)

    def tasks(
        self, job: str | None = None, states: Sequence[str] = (), limit: int = 100
    ) -> list[Task]:
        """Tasks, the newest first."""
        tests, values = ["1"], list[Any]()
        if job:
            tests.append("job = ?")
            values.append(job)
        if states:
            tests.append(f"state in ({', '.join('?' * len(states))})")
            values += states
        rows = self._db.execute(
            f"select {_COLUMNS} from tasks where {' and '.join(tests)} "
            "order by created_at desc, rowid desc limit ?",
            (*values, limit),
        )
        return [_task(row) for row in rows]

    def claim(self, task_id: str, process: str) -> bool:
        """Whether this process may do a task: one that waits, and only one process."""
        done = self._db.execute(
            "update tasks set state = 'running', process = ?, started_at = ? "
            "where id = ? and state = 'queued'",
            (process, time.time(), task_id),
        )
        return done.rowcount == 1

    def progress(
        self, task_id: str, percent: float, stage: str, *, items: int, bytes_: int, rows: int
    ) -> None:
        """Writes down how far a task has come; nothing of it ever gets less."""
        self._db.execute(
            "update tasks set percent = max(percent, ?), stage = ?, items = max(items, ?), "
            "bytes = max(bytes, ?), rows = max(rows, ?) where id = ? and state = 'running'",
            (percent, stage, items, bytes_, rows, task_id),
        )

    def end(
        self, task_id: str, state: str, error: str | None = None, run_ids: Sequence[str] = ()
    ) -> None:
        """Ends a task, unless it has ended."""
        self._db.execute(
            "update tasks set state = ?, error = ?, run_ids = ?, ended_at = ?, "
            "percent = case when ? = 'completed' then 100 else percent end "
            "where id = ? and state in ('queued', 'running')",
            (state, error, json.dumps(list(run_ids)), time.time(), state, task_id),
        )

    def stop(self, task_id: str, stopping: str) -> None:
        """Writes down how far the stopping of a task that runs has gone: asked, then further."""
        self._db.execute(
            "update tasks set stopping = ?, stop_at = coalesce(stop_at, ?) "
            "where id = ? and state = 'running'",
            (stopping, time.time(), task_id),
        )

    def log(self, task_id: str, line: str, level: str = "info") -> None:
        """Adds a line to a task's log."""
        self._db.execute(
            "insert into lines values (?, ?, ?, ?)", (task_id, time.time(), level, line)
        )

    def lines(self, task_id: str, limit: int = 10_000) -> list[dict[str, Any]]:
        """A task's log, the oldest line first; raises UnknownTask."""
        self.task(task_id)
        rows = self._db.execute(
            "select at, level, line from lines where task = ? order by rowid limit ?",
            (task_id, limit),
        )
        return [dict(row) for row in rows]

    def _add_columns(self) -> None:
        """A file of an earlier version gets what tasks have now."""
        there = {row["name"] for row in self._db.execute("pragma table_info(tasks)")}
        for name, kind in (("stopping", "text not null default ''"), ("stop_at", "real")):
            if name not in there:
                with suppress(sqlite3.OperationalError):  # another process was faster
                    self._db.execute(f"alter table tasks add column {name} {kind}")

    def _newest(self, name: str) -> Job | None:
        row = self._db.execute(
            "select * from jobs where name = ? order by version desc limit 1", (name,)
        ).fetchone()
        return _job(row) if row and row["definition"] else None

    def _at(self, name: str, version: int) -> Job | None:
        row = self._db.execute(
            "select * from jobs where name = ? and version = ?", (name, version)
        ).fetchone()
        return _job(row) if row and row["definition"] else None

    def _add(self, name: str, definition: JobDefinition) -> Job:
        version, now = self._insert(name, definition.model_dump_json())
        return Job(name, version, definition, now)

    def _insert(self, name: str, definition: str | None) -> tuple[int, float]:
        (last,) = self._db.execute(
            "select coalesce(max(version), 0) from jobs where name = ?", (name,)
        ).fetchone()
        now = time.time()
        self._db.execute("insert into jobs values (?, ?, ?, ?)", (name, last + 1, definition, now))
        return last + 1, now

    @contextmanager
    def _changing(self) -> Iterator[None]:
        self._db.execute("begin immediate")
        try:
            yield
        except BaseException:
            self._db.execute("rollback")
            raise
        self._db.execute("commit")


def _job(row: sqlite3.Row) -> Job:
    definition = JobDefinition.model_validate_json(row["definition"])
    return Job(row["name"], row["version"], definition, row["created_at"])


def _task(row: sqlite3.Row) -> Task:
    return Task(**{**dict(row), "run_ids": tuple(json.loads(row["run_ids"]))})
