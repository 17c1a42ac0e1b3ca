"""Has extractions that wait done by processes, a few at a time; any number of homes may do so."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from typing import IO, Any

from dataq_assets.runs.counting import count_again
from dataq_assets.runs.gone import end_what_is_gone
from dataq_resources.home import Home
from dataq_resources.jobs.store import JobStore
from dataq_resources.jobs.task import Task
from dataq_resources.jobs.waiting import PROCESS_GONE, Waiting
from dataq_resources.lookout import Lookout
from dataq_resources.processes import this_process
from dataq_resources.sources import load_sources
from dataq_resources.warm.client import Begun, Warm
from dataq_resources.warm.errors import NotWarm

MOST_RUNNING = 4
LOOK_SECONDS = 1.0
"""So often it looks for what others have asked for; its own server wakes it."""
BURY_EVERY = 10
LAST_WORDS = 2_000

NOT_MINE = 3
"""The exit code of a process whose task another one has."""

OnEvent = Callable[..., Any]


class Dispatcher:
    """A thread that takes extractions of this home's sources, and one for each that is at work."""

    def __init__(self, home: Home, on_event: OnEvent, warm: Warm | None = None) -> None:
        """`on_event` is called with a word and what belongs to it, from any thread."""
        self._home = home
        self._on_event = on_event
        self._warm = warm
        self._looks = 0
        self._away = ""
        self._counting = threading.Lock()
        self._lookout = Lookout("extractions", self._look, LOOK_SECONDS, MOST_RUNNING)

    def start(self) -> None:
        """Takes whatever waits, from now on."""
        self._lookout.start()

    def wake(self) -> None:
        """Says that something waits."""
        self._lookout.wake()

    def close(self) -> None:
        """Takes nothing more; what is at work goes on."""
        self._lookout.close()

    @property
    def is_alive(self) -> bool:
        """Whether extractions are taken."""
        return self._lookout.is_alive

    def _look(self) -> None:
        try:
            self._take()
            self._away = ""
        except Exception as error:  # noqa: BLE001 - tasks wait until it is over
            if str(error) != self._away:  # once, not each second
                self._away = str(error)
                self._on_event("tasks_unknown", reason=str(error))

    def _take(self) -> None:
        with JobStore(self._home) as store:
            if self._looks % BURY_EVERY == 0:
                end_what_is_gone(store)
                self._count_again(store)
            self._looks += 1
            while self._lookout.has_room:
                task = self._next(store)
                if task is None:
                    return
                self._lookout.begin(task.id, self._see_through, task.id)

    def _next(self, store: JobStore) -> Task | None:
        waiting = Waiting(store)
        if not waiting.count():
            return None  # most times, and sources are files to be read
        return waiting.take([each.name for each in load_sources(self._home)], this_process())

    def _see_through(self, task_id: str) -> None:
        """Has a process do it, and puts its end on record where the process has not."""
        try:
            with tempfile.TemporaryFile() as said:
                code = self._done(task_id, said)
                said.seek(max(0, said.seek(0, os.SEEK_END) - LAST_WORDS))
                words = said.read().decode(errors="replace").strip()
            self._record_end(task_id, code, words)
        except Exception as error:  # noqa: BLE001 - whoever asks for the task looks again
            self._on_event("task_unknown", task_id=task_id, reason=str(error))

    def _done(self, task_id: str, said: IO[bytes]) -> int | None:
        """The exit code of the process; None where nobody can tell it."""
        with open(os.devnull, "r+b") as null:
            files = (null.fileno(), null.fileno(), said.fileno())
            begun = self._forked(task_id, files) or self._started(task_id, said)
        self._on_event("task_started", task_id=task_id, pid=begun.pid)
        return begun.wait()

    def _forked(self, task_id: str, files: tuple[int, int, int]) -> Begun | None:
        if self._warm is None:
            return None
        begun = None
        try:
            begun = self._warm.begin("task", [task_id], files)
            begun.go()
        except NotWarm as error:
            self._on_event("task_started_cold", task_id=task_id, reason=str(error))
            if begun is not None:
                begun.close()
            return None
        return begun

    def _started(self, task_id: str, said: IO[bytes]) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-m", "dataq_assets.runs.job_process", task_id],
            env={**os.environ, "DATAQ_HOME": str(self._home.path)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=said,
            start_new_session=True,  # it goes on when the server ends
        )

    def _record_end(self, task_id: str, code: int | None, words: str) -> None:
        with JobStore(self._home) as store:
            last = f"exit code {code}: {words}".rstrip(": ")
            if code not in (0, NOT_MINE, None):
                store.log(task_id, last, "error")
            end_what_is_gone(store)
            task = store.task(task_id)
            if task.state == "queued" and code:
                why = "its process ended before it began"
                store.end(task_id, "failed", why, error_type=PROCESS_GONE, trace=last)
            self._count_again(store, task_id, last)
            task = store.task(task_id)
        self._on_event("task_ended", task_id=task_id, state=task.state, exit_code=code)

    def _count_again(self, store: JobStore, task_id: str = "", words: str = "") -> None:
        """Has the records of tasks whose process was killed say what that has stored."""
        for task in Waiting(store).uncounted():
            try:
                with self._counting:
                    count_again(self._home, store, task, words if task.id == task_id else "")
            except Exception as error:  # noqa: BLE001 - the lake is away; what was told stays
                self._on_event("task_not_counted", task_id=task.id, reason=str(error))
