"""Jobs and extractions as programs use them: start, stop, and see how far they are."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from typing import Any

from dataq_assets.asked_windows import expect_windows
from dataq_assets.runs.gone import end_what_is_gone
from dataq_resources.destinations import one_destination
from dataq_resources.errors import ResourceError, TaskEnded, UnknownSource
from dataq_resources.home import Home
from dataq_resources.jobs.definition import JobDefinition
from dataq_resources.jobs.extraction import Extraction
from dataq_resources.jobs.store import Job, JobStore
from dataq_resources.jobs.task import Task
from dataq_resources.jobs.waiting import Asked, Page, Waiting
from dataq_resources.processes import signal_process
from dataq_resources.sources import NAME, chosen, load_sources, read_sources

STOP_SECONDS = 20.0
"""How long a task may take to end by itself: to end its plugins, and to record where it is."""
STATUS = {"queued": "running", "stopped": "idle"}
"""What a job is by the state of its last task, where that is another word."""

_children: list[subprocess.Popen[bytes]] = []
_children_lock = threading.Lock()


class Jobs:
    """The jobs of one home. Every method sees what other processes do, and outlives this one."""

    def __init__(self, home: Home) -> None:
        self.home = home

    def register(self, name: str, definition: JobDefinition) -> Job:
        """A new job; raises JobExists, UnknownSource, UnknownDestination."""
        if not NAME.fullmatch(name):
            raise ResourceError(f"{name!r}: use a to z, 0 to 9 and _, a letter first")
        self._expect_known(definition)
        with JobStore(self.home) as store:
            return store.register(name, definition)

    def update(self, name: str, definition: JobDefinition) -> Job:
        """The job at a new version; raises UnknownJob and the same."""
        self._expect_known(definition)
        with JobStore(self.home) as store:
            return store.update(name, definition)

    def remove(self, name: str) -> None:
        """Removes a job, not its record; raises UnknownJob, Busy if it is running."""
        self._bury()
        with JobStore(self.home) as store:
            store.remove(name)

    def status(self, name: str) -> dict[str, Any]:
        """The job, its state (idle, running, completed, failed) and its last task; UnknownJob."""
        self._bury()
        with JobStore(self.home) as store:
            return _status(store, store.job(name))

    def all(self) -> list[dict[str, Any]]:
        """The status of every job."""
        self._bury()
        with JobStore(self.home) as store:
            return [_status(store, job) for job in store.jobs()]

    def start(self, name: str, task_id: str = "") -> Task:
        """A new task of the job, at work in a process of its own; UnknownJob, Busy if it runs."""
        self._bury()
        with JobStore(self.home) as store:
            return self._begin(store, store.add_task(store.job(name), task_id=task_id))

    def extract(self, extraction: Extraction, priority: int = 0, key: str | None = None) -> Asked:
        """A task that waits for a server to have it done, or the one that the key has made.

        Raises UnknownSource, FixSource, UnknownWindow, KeyReused, Overloaded.
        """
        (source,) = chosen(read_sources(self.home), [extraction.source])
        for first, last in extraction.windows:
            expect_windows(source, first or None, last or None)
        with JobStore(self.home) as store:
            return Waiting(store).add(extraction, priority, key)

    def page(
        self,
        state: str | None = None,
        source: str | None = None,
        after: tuple[float, str] | None = None,
        limit: int = 100,
    ) -> Page:
        """Tasks of a state and a source, the newest first, from where a page before has ended."""
        self._bury()
        with JobStore(self.home) as store:
            return Waiting(store).page(state, source, after, limit)

    def cancel(self, task_id: str) -> Task:
        """As stop, of a task that has not ended; UnknownTask, TaskEnded."""
        if not (task := self.task(task_id)).is_open:
            raise TaskEnded(f"task {task_id} has ended: it is {task.state}")
        return self.stop(task_id)

    def retrigger(self, task_id: str) -> Task:
        """The same again, by the version of the job that the task had; UnknownTask, Busy.

        An extraction waits for a server that has it done.
        """
        self._bury()
        with JobStore(self.home) as store:
            before = store.task(task_id)
            if extraction := before.extraction:
                again = Waiting(store).add(extraction, before.priority, retrigger_of=before.id)
                return again.task
            job = store.job(before.job, before.version)
            return self._begin(store, store.add_task(job, before.id))

    def stop(self, task_id: str, seconds: float = STOP_SECONDS) -> Task:
        """Has a task end; what it has stored stays. It has ended once its state says so.

        It is asked to. Where it has not ended `seconds` later it is terminated, and after half as
        long killed, by a process of its own, which goes on when this one ends; `stopping` of the
        task says which.
        """
        self._bury()
        with JobStore(self.home) as store:
            task = store.task(task_id)
            if task.state == "queued":
                store.withdraw(task.id)
                task = store.task(task_id)  # it may have begun just then
            if task.state == "running" and task.process:
                store.stop(task.id, task.stopping or "asked")
                if task.place in ("", store.place):  # else its own process looks out for that
                    signal_process(task.process, signal.SIGINT)
                    self._spawn("dataq_assets.runs.stopping", task.id, str(seconds))
            return store.task(task_id)

    def task(self, task_id: str) -> Task:
        """A task as it stands; raises UnknownTask."""
        self._bury()
        with JobStore(self.home) as store:
            return store.task(task_id)

    def tasks(self, name: str | None = None, limit: int = 100) -> list[Task]:
        """Tasks of a job, or of all, the newest first."""
        self._bury()
        with JobStore(self.home) as store:
            return store.tasks(name, limit=limit)

    def log(self, task_id: str) -> list[dict[str, Any]]:
        """The lines of a task's log; raises UnknownTask."""
        with JobStore(self.home) as store:
            return store.lines(task_id)

    def wait(self, task_id: str, every: float = 0.2) -> Task:
        """The task once it has ended."""
        while (task := self.task(task_id)).is_open:
            time.sleep(every)
        return task

    def _begin(self, store: JobStore, task: Task) -> Task:
        try:
            self._spawn("dataq_assets.runs.job_process", task.id)
        except OSError as error:
            store.end(task.id, "failed", f"could not be started: {error.strerror}")
        return store.task(task.id)

    def _spawn(self, module: str, *words: str) -> None:
        process = subprocess.Popen(
            [sys.executable, "-m", module, *words],
            env={**os.environ, "DATAQ_HOME": str(self.home.path)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # it goes on when this process ends
        )
        with _children_lock:
            _children.append(process)

    def _bury(self) -> None:
        """Ends tasks whose process is gone, and such as never began."""
        _reap()
        with JobStore(self.home) as store:
            end_what_is_gone(store)

    def _expect_known(self, definition: JobDefinition) -> None:
        known = {source.name for source in load_sources(self.home)}
        for name in definition.sources:
            if name not in known:
                listed = ", ".join(sorted(known)) or "none"
                raise UnknownSource(f"no source is called {name!r}; there is {listed}")
        for name in definition.destinations:
            one_destination(self.home, name)


def _status(store: JobStore, job: Job) -> dict[str, Any]:
    last = next(iter(store.tasks(job.name, limit=1)), None)
    state = "idle" if last is None else STATUS.get(last.state, last.state)
    return {
        "name": job.name,
        "version": job.version,
        "status": state,
        "definition": job.definition.model_dump(mode="json", exclude_defaults=True),
        "updated_at": job.created_at,
        "last_task": last.told(time.time()) if last else None,
    }


def _reap() -> None:
    """Takes in children of this process that have ended: as zombies they would seem alive."""
    with _children_lock:
        _children[:] = [child for child in _children if child.poll() is None]
