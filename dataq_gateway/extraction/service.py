"""What stands behind the routes of extraction, and whether it is of use now."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, wait
from dataclasses import dataclass, field
from pathlib import Path

from dataq_assets.runs.dispatching import Dispatcher
from dataq_assets.runs.jobs import Jobs
from dataq_lake.lake import open_lake
from dataq_resources.jobs.store import JobStore
from dataq_resources.jobs.waiting import MOST_WAITING, Waiting

READY_SECONDS = 5.0
FRESH_SECONDS = 1.0
SILENT = "it does not answer"


class Look:
    """Looks at one thing, in one thread however many ask and however long it takes."""

    def __init__(self, look: Callable[[], str | None]) -> None:
        self._look = look
        self._lock = threading.Lock()
        self._at = 0.0
        self._found: Future[str | None] | None = None

    def begun(self) -> Future[str | None]:
        """What is wrong with it, None if nothing is, once that is known."""
        with self._lock:
            old = time.monotonic() - self._at > FRESH_SECONDS
            if self._found is None or (self._found.done() and old):
                self._found = Future()
                self._at = time.monotonic()
                threading.Thread(target=self._run, args=(self._found,), daemon=True).start()
            return self._found

    def _run(self, found: Future[str | None]) -> None:
        try:
            found.set_result(self._look())
        except Exception as error:  # noqa: BLE001 - whatever it is, it cannot be used
            found.set_result(f"{type(error).__name__}: {error}".partition("\n")[0])


@dataclass
class Service:
    """The tasks of a home, who has them done, and the token of those who may ask."""

    jobs: Jobs
    dispatcher: Dispatcher
    token: str
    looks: dict[str, Look] = field(init=False)

    def __post_init__(self) -> None:
        self.looks = {
            "lake": Look(self._lake),
            "tasks": Look(self._store),
            "queue": Look(self._queue),
        }

    def missing(self) -> dict[str, str]:
        """What cannot be used now, and why: lake, tasks (where they are kept), queue."""
        begun = {name: look.begun() for name, look in self.looks.items()}
        wait(begun.values(), READY_SECONDS)
        found = {name: each.result() if each.done() else SILENT for name, each in begun.items()}
        return {name: reason for name, reason in found.items() if reason}

    def _lake(self) -> str | None:
        root = self.jobs.home.lake
        if isinstance(root, Path) and not root.is_dir():
            return "its folder is gone"
        open_lake(root).stored()
        return None

    def _store(self) -> str | None:
        with JobStore(self.jobs.home) as store, store.db.changing():
            store.db.rows("select 1 as one")
        return None

    def _queue(self) -> str | None:
        if not self.dispatcher.is_alive:
            return "tasks are not begun"
        with JobStore(self.jobs.home) as store:
            return None if Waiting(store).count() < MOST_WAITING else "as many wait as may"
