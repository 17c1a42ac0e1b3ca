"""Writes down how far a task has come, and how it ended."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress

from dataq_assets.runs.counting import Counts
from dataq_assets.runs.outcome import Outcome
from dataq_resources.errors import DatabaseAway
from dataq_resources.home import Home
from dataq_resources.jobs.meter import Meter
from dataq_resources.jobs.store import JobStore
from dataq_resources.jobs.waiting import Waiting
from dataq_resources.progress import Progress
from dataq_resources.stored import Stored

EVERY_SECONDS = 0.5
PATIENCE_SECONDS = 300
"""So long a database that is away is tried again, to tell it the end."""
TRACE_CHARACTERS = 20_000


class Teller:
    """Counts for one task; what it cannot write down while the database is away, it writes later.

    `by_commits`: its items and bytes are those that were committed, not those that were seen.
    """

    def __init__(
        self, home: Home, task_id: str, stages: Sequence[str], by_commits: bool = False
    ) -> None:
        self._home, self._task = home, task_id
        self._meter = Meter(stages)
        self._by_commits = by_commits
        self._stored = Stored("")
        self._rejected = 0
        self._asked: int | None = None
        self._bytes = 0
        self._told_at = 0.0
        self._lock = threading.RLock()

    def hear(self, progress: Progress) -> None:
        """Takes in how far one piece of work has come; any thread may."""
        before = self._meter.stage
        self._meter.hear(progress)
        with self._lock:
            changed = before != self._meter.stage
            if changed:
                self._log(f"stage {self._meter.stage}")
            if changed or time.monotonic() - self._told_at >= EVERY_SECONDS:
                self.tell()

    def hear_stored(self, more: Stored) -> None:
        """Takes in what was committed, and writes it down at once: it is what a crash leaves."""
        with self._lock:
            self._stored = Stored(
                "",
                self._stored.items + more.items,
                self._stored.bytes + more.bytes,
                self._stored.windows + more.windows,
            )
            if more.asked:
                self._asked = (self._asked or 0) + more.asked
            self.tell()

    def tell(self) -> None:
        """Writes down what is known."""
        self._told_at = time.monotonic()
        items, size = self._stored.items, self._stored.bytes
        if not self._by_commits:
            items, size = self._meter.count("raw"), self._bytes
        with suppress(DatabaseAway), JobStore(self._home) as store:
            store.progress(
                self._task,
                self._meter.percent,
                self._meter.stage,
                items=items,
                bytes_=size,
                rows=self._meter.count("destinations"),
            )
            Waiting(store).count_of(
                self._task,
                windows=self._asked,
                windows_done=self._stored.windows,
                rejected=self._rejected,
            )

    def archived(self, counts: Counts) -> None:
        """Takes in what the runs have stored by now."""
        self._bytes, self._rejected = counts.bytes, counts.rejected
        self.tell()

    def stopped(self, how: Callable[[JobStore], str], run_ids: Sequence[str]) -> None:
        """Writes down that somebody has stopped it."""
        self.tell()
        self._end(lambda store: store.end(self._task, "stopped", how(store), run_ids))

    def failed(self, error: str, kind: str, trace: str, run_ids: Sequence[str]) -> None:
        """Writes down that it failed."""
        self.tell()
        kept = trace[-TRACE_CHARACTERS:] or None
        self._end(
            lambda store: store.end(
                self._task, "failed", error, run_ids, error_type=kind or None, trace=kept
            )
        )

    def finish(self, outcome: Outcome, hide: Callable[[str], str] = str) -> None:
        """Writes down the end, good or bad; `hide` takes secrets out of a trace."""
        self.tell()
        for table, rows in outcome.rows.items():
            if rows:
                self._log(f"{table}: {rows:,} rows")
        for warning in outcome.warnings:
            self._log(warning, "warning")
        lines = [f"{each.where}: {each.reason}" for each in outcome.failures]
        for line in lines:
            self._log(line, "error")
        if outcome.failures:
            first = outcome.failures[0]
            self.failed("; ".join(lines), first.kind, hide(first.trace), outcome.run_ids)
            return
        self._end(lambda store: store.end(self._task, "completed", None, outcome.run_ids))

    def _log(self, line: str, level: str = "info") -> None:
        with suppress(DatabaseAway), JobStore(self._home) as store:
            store.log(self._task, line, level)

    def _end(self, write: Callable[[JobStore], None]) -> None:
        """What was done must not count as lost because the database is away just then."""
        until = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                with JobStore(self._home) as store:
                    return write(store)
            except DatabaseAway:
                if time.monotonic() > until:
                    raise
            time.sleep(EVERY_SECONDS)
