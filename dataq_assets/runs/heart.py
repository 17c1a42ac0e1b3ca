"""Says of the process of a task that it lives, and hears whether others want its end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from types import TracebackType
from typing import Self

from dataq_assets.runs.jobs import STOP_SECONDS
from dataq_resources.errors import ResourceError
from dataq_resources.home import Home
from dataq_resources.jobs.database import postgres_of_jobs
from dataq_resources.jobs.store import JobStore
from dataq_resources.jobs.task import Task
from dataq_resources.jobs.waiting import Waiting

EVERY_SECONDS = 1.0
ALONE_SECONDS = 5.0
"""Where nobody elsewhere has the same tasks, so that its process is looked at itself."""


class Heart:
    """A thread that beats while the block runs."""

    def __init__(self, home: Home, task: Task) -> None:
        self._home = home
        self._task = task
        self._every = EVERY_SECONDS if postgres_of_jobs() else ALONE_SECONDS
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="heart", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None
    ) -> None:
        self.rest()

    def rest(self) -> None:
        """Asks for no end any more: the end is being told."""
        self._ended.set()

    def _beat(self) -> None:
        while not self._ended.wait(self._every):
            try:
                with JobStore(self._home) as store:
                    task = Waiting(store).hear_of(self._task.id, self._task.process or "")
                    place = store.place
            except ResourceError:
                continue  # the database is away; it may be back before others give this up
            if self._ended.is_set():
                return
            # Where others have given it up, what it did from now on would be on nobody's record.
            if task is None or (task.stopping and task.stop_place != place):
                if task is not None:
                    self._see_to_the_end()
                os.kill(os.getpid(), signal.SIGINT)
                break

    def _see_to_the_end(self) -> None:
        """What `Jobs.stop` starts where it is on the same machine."""
        words = [self._task.id, str(STOP_SECONDS)]
        subprocess.Popen(
            [sys.executable, "-m", "dataq_assets.runs.stopping", *words],
            env={**os.environ, "DATAQ_HOME": str(self._home.path)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
