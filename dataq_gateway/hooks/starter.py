"""Starts the runs that wait, one a hook, and looks after them until they end."""

from __future__ import annotations

import sqlite3
import time

from structlog.typing import FilteringBoundLogger

from dataq_gateway.hooks.child import Child
from dataq_gateway.hooks.delivery import Run
from dataq_gateway.hooks.hook import hooks_folder
from dataq_gateway.hooks.records import Records
from dataq_gateway.hooks.store import Store
from dataq_resources.home import Home
from dataq_resources.lookout import Lookout
from dataq_resources.processes import is_alive
from dataq_resources.warm.client import Warm
from dataq_resources.warm.errors import NotWarm

MOST_RUNNING = 4
"""Of all hooks together: as many as Dagster's queue runs at a time."""
PRUNE_SECONDS, RETRY_SECONDS, LOOK_SECONDS = 3_600, 5, 0.5
GONE = "its process is gone: it was killed, or the machine went down"


class Starter:
    """A thread that starts runs, and one for each that is under way."""

    def __init__(self, home: Home, records: Records, log: FilteringBoundLogger) -> None:
        self._home = home
        self.warm = Warm(home)
        self._records = records
        self._log = log
        self._pruned = 0.0
        self._lookout = Lookout("runs", self._look, PRUNE_SECONDS, MOST_RUNNING)

    def start(self) -> None:
        """Take up what an earlier server left, then whatever waits."""
        self._warm_up()
        with self._store() as store:
            for run in store.runs("waiting"):
                self._records.record(run)
            for run in store.runs("running"):
                self._log.info("run_adopted", hook=run.hook, run_id=run.id)
                self._look_after(run, None)
            for run in store.runs("starting"):
                self._begin(run)
        self._lookout.start()

    def _warm_up(self) -> None:
        """Loads, while nothing waits for it, what the next run is forked from."""
        try:
            self.warm.wake()
        except NotWarm as error:
            self._log.warning("not_warm", reason=str(error))

    def wake(self) -> None:
        """Say that a run waits."""
        self._lookout.wake()

    def close(self) -> None:
        """Start nothing more; what is under way goes on, and the next server looks after it."""
        self._lookout.close()
        self.warm.close()

    @property
    def is_alive(self) -> bool:
        """Whether runs are started."""
        return self._lookout.is_alive

    def _look(self) -> None:
        try:
            with self._store() as store:
                if time.monotonic() - self._pruned > PRUNE_SECONDS:
                    store.prune()
                    self._pruned = time.monotonic()
                self._start_waiting(store)
        except (sqlite3.Error, OSError) as error:
            self._log.error("store_failed", reason=str(error))
            self._lookout.pause(RETRY_SECONDS)  # whatever is new, or it would be tried at once
            self._lookout.wake()

    def _start_waiting(self, store: Store) -> None:
        while self._lookout.has_room:
            run = store.next_run()
            if run is None:
                return
            self._begin(run)

    def _begin(self, run: Run) -> None:
        child = None
        try:
            child = Child(self._home, run.id, self.warm)
            if child.cold:
                self._log.warning("run_started_cold", run_id=run.id, reason=child.cold)
        except OSError as error:
            self._log.error("run_not_started", hook=run.hook, run_id=run.id, reason=str(error))
        self._look_after(run, child)

    def _look_after(self, run: Run, child: Child | None) -> None:
        self._lookout.begin(run.id, self._see_through, run, child)

    def _see_through(self, run: Run, child: Child | None) -> None:
        try:
            if child is not None:
                self._introduce(run, child)
                if last_words := child.wait():
                    self._log.error("run_crashed", run_id=run.id, reason=last_words)
            self._finish(run)
        except Exception as error:  # noqa: BLE001 - storage that fails; the next server looks again
            self._log.error("run_unknown", hook=run.hook, run_id=run.id, reason=str(error))

    def _introduce(self, run: Run, child: Child) -> None:
        """Tells Dagster which process archives, and the process that this is done."""
        process = child.claimed()
        if not process:
            return
        self._log.info("run_started", hook=run.hook, run_id=run.id, pid=child.pid)
        try:
            self._records.record(run)
            self._records.begun(run, process)
            child.tell()
        except Exception as error:  # noqa: BLE001 - the process reports it itself then
            self._log.warning("run_not_reported", run_id=run.id, reason=str(error))

    def _finish(self, run: Run) -> None:
        with self._store() as store:
            found = store.run(run.id)
            # Started by a server before this one, or in its last moment.
            while found and found.process and is_alive(found.process):
                time.sleep(LOOK_SECONDS)
            if store.state(run.id) in ("starting", "running"):
                # Otherwise it was killed; whoever saw it first may have reported a failure.
                if self._records.has_succeeded(run):
                    store.end(run.id, "done")
                else:
                    self._records.failed(run, GONE)
                    store.lose(run, GONE)
                    for again in store.runs("waiting"):
                        self._records.record(again)
            self._log.info("run_ended", hook=run.hook, run_id=run.id, state=store.state(run.id))
        self._warm_up()

    def _store(self) -> Store:
        return Store(hooks_folder(self._home))
