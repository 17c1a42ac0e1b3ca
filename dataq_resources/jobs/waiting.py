"""Extractions that wait for a process, and what is known of those that have one."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from dataq_resources.errors import KeyReused, Overloaded
from dataq_resources.jobs.database import marks
from dataq_resources.jobs.extraction import Extraction
from dataq_resources.jobs.store import COLUMNS, JobStore, as_task
from dataq_resources.jobs.task import Task

MOST_WAITING = 1_000
LEASE_SECONDS = 60
"""So long nothing may be heard of a process elsewhere until it counts as gone."""
PROCESS_GONE = "ProcessGone"
"""What failed where a process ended without a word."""


@dataclass(frozen=True)
class Asked:
    """A task, and whether it was made for this very request."""

    task: Task
    is_new: bool


@dataclass(frozen=True)
class Page:
    """Some tasks, the newest first, and where the next ones begin; None if there are none."""

    tasks: list[Task]
    after: tuple[float, str] | None


class Waiting:
    """What a store knows of extractions."""

    def __init__(self, store: JobStore) -> None:
        self._store = store
        self._db = store.db

    def add(
        self,
        extraction: Extraction,
        priority: int = 0,
        key: str | None = None,
        retrigger_of: str | None = None,
    ) -> Asked:
        """A task that waits, or the one that this key has made; KeyReused, Overloaded."""
        request = extraction.model_dump_json()
        with self._db.changing():
            if key is not None and (known := self._by_key(key)):
                if (known.request, known.priority) != (request, priority):
                    raise KeyReused(
                        f"this idempotency key made task {known.id}, which asks for something "
                        "else: take a new one"
                    )
                return Asked(known, is_new=False)
            if self.count() >= MOST_WAITING:
                raise Overloaded(f"{MOST_WAITING} tasks wait already: try again later")
            task_id = str(uuid.uuid4())
            self._db.change(
                "insert into tasks (id, job, version, state, created_at, source, request, "
                "priority, idempotency_key, retrigger_of) "
                "values (?, '', 0, 'queued', ?, ?, ?, ?, ?, ?)",
                (task_id, time.time(), extraction.source, request, priority, key, retrigger_of),
            )
        return Asked(self._store.task(task_id), is_new=True)

    def count(self) -> int:
        """How many wait."""
        told = "select count(*) as n from tasks where state = 'queued' and request <> ''"
        return int(self._db.rows(told)[0]["n"])

    def take(self, sources: Sequence[str], process: str) -> Task | None:
        """The next one of these sources, which this process is to have done; None if none may.

        The highest priority goes first, then what has waited longest; a source has one at a time.
        """
        if not sources:
            return None
        busy = "select source from tasks where request <> '' and (state = 'running' or {taken})"
        taken = "state = 'queued' and process is not null"
        question = (
            f"select {COLUMNS} from tasks where state = 'queued' and request <> '' "
            f"and process is null and source in ({marks(sources)}) "
            f"and source not in ({busy.format(taken=taken)}) "
            "order by priority desc, created_at, id limit 1"
        )
        if not self._db.rows(question, sources):
            return None  # most times, and this holds nobody up
        with self._db.changing():
            found = self._db.rows(question, sources)
            if not found:
                return None
            self._db.change(
                f"update tasks set process = ?, place = ?, seen_at = {self._db.now} where id = ?",
                (process, self._store.place, found[0]["id"]),
            )
        return as_task(found[0])

    def give_back(self, task_id: str) -> None:
        """Has one wait again that was taken, and that no process has begun."""
        self._db.change(
            "update tasks set process = null where id = ? and state = 'queued'", (task_id,)
        )

    def hear_of(self, task_id: str, process: str) -> Task | None:
        """Writes down that the process of a task lives; the task, None if that is over."""
        done = self._db.change(
            f"update tasks set seen_at = {self._db.now} "
            "where id = ? and process = ? and state = 'running'",
            (task_id, process),
        )
        return self._store.task(task_id) if done else None

    def count_of(
        self, task_id: str, *, windows: int | None, windows_done: int, rejected: int
    ) -> None:
        """Writes down what else a task has done."""
        self._db.change(
            "update tasks set windows = ?, windows_done = ?, rejected = ? "
            "where id = ? and state = 'running'",
            (windows, windows_done, rejected, task_id),
        )

    def with_processes(self) -> list[tuple[Task, bool]]:
        """Every open task but extractions that only wait, and whether it was not heard of lately.

        That is so only of what has ever been heard of.
        """
        stale = f"(seen_at is not null and seen_at < {self._db.now} - {LEASE_SECONDS})"
        rows = self._db.rows(
            f"select {COLUMNS}, case when {stale} then 1 else 0 end as stale from tasks "
            "where state in ('queued', 'running') and (request = '' or process is not null)"
        )
        return [
            (as_task({k: v for k, v in row.items() if k != "stale"}), bool(row["stale"]))
            for row in rows
        ]

    def uncounted(self) -> list[Task]:
        """Extractions whose process was killed here, and whose record is what that told last."""
        rows = self._db.rows(
            f"select {COLUMNS} from tasks where error_type = ? and trace is null and place = ? "
            "and request <> '' and state = 'failed'",
            (PROCESS_GONE, self._store.place),
        )
        return [as_task(row) for row in rows]

    def correct(
        self,
        task_id: str,
        *,
        items: int,
        bytes_: int,
        rejected: int,
        run_ids: Sequence[str],
        trace: str,
    ) -> None:
        """Puts right what is on record of such a task; `trace` says that this was done."""
        self._db.change(
            "update tasks set items = ?, bytes = ?, rejected = ?, run_ids = ?, trace = ? "
            "where id = ? and state = 'failed'",
            (items, bytes_, rejected, json.dumps(list(run_ids)), trace, task_id),
        )

    def page(
        self,
        state: str | None = None,
        source: str | None = None,
        after: tuple[float, str] | None = None,
        limit: int = 100,
    ) -> Page:
        """Tasks of a state and a source, from where a page before has ended."""
        tests, values = ["1 = 1"], list[Any]()
        for column, value in (("state", state), ("source", source)):
            if value is not None:
                tests.append(f"{column} = ?")
                values.append(value)
        if after is not None:
            tests.append("(created_at < ? or (created_at = ? and id < ?))")
            values += [after[0], after[0], after[1]]
        rows = self._db.rows(
            f"select {COLUMNS} from tasks where {' and '.join(tests)} "
            "order by created_at desc, id desc limit ?",
            (*values, limit + 1),
        )
        tasks = [as_task(row) for row in rows[:limit]]
        more = len(rows) > limit
        return Page(tasks, (tasks[-1].created_at, tasks[-1].id) if more else None)

    def _by_key(self, key: str) -> Task | None:
        found = self._db.rows(f"select {COLUMNS} from tasks where idempotency_key = ?", (key,))
        return as_task(found[0]) if found else None
