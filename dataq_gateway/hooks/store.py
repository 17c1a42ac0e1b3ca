"""Deliveries and their runs in one SQLite file: on disk before anybody is told that they are."""

from __future__ import annotations

import json
import sqlite3
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

from dataq_gateway.hooks.delivery import Delivery, Run, Verdict
from dataq_gateway.hooks.errors import DamagedStore
from dataq_resources.sqlite_file import opened

FILE = "deliveries.sqlite"
KEEP_SECONDS = 30 * 86_400
"""So long a delivery that comes again is known: senders try again for days at most."""
MOST_ATTEMPTS = 3
"""What kills its process each time is not tried for ever."""
_RUN = "select id, hook, sources, attempt, process from runs"
_TABLES = """
create table if not exists runs (
    id text primary key,
    hook text not null,
    sources text not null,      -- a JSON array of names
    state text not null,        -- waiting, starting, running, done, failed, lost
    attempt integer not null,
    again_of text,              -- the lost run whose work this one does
    process text,               -- boot/pid/start, of the process that archives
    reason text,
    created_at real not null,   -- Unix seconds, like all times here
    started_at real,
    ended_at real
);
create index if not exists open_runs on runs (hook) where state in ('waiting','starting','running');
create table if not exists deliveries (
    hook text not null,
    id text not null,
    run_id text not null references runs (id),
    received_at real not null,
    body blob not null,
    primary key (hook, id)
);
create index if not exists deliveries_of_runs on deliveries (run_id);
create table if not exists probes (at real not null);
"""


class Store:
    """One connection to the file, for one thread at a time; every change is a commit on disk."""

    def __init__(self, folder: Path) -> None:
        """Opens or makes the file; raises DamagedStore where it is no such file."""
        self._path = folder / FILE
        try:
            self._db = opened(self._path, _TABLES)
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError):
                raise
            raise DamagedStore(
                f"{self._path}: {error}",
                do="move it away, or put it back from a copy; senders send again what they keep",
            ) from None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._db.close()

    def accept(self, deliveries: Sequence[Delivery]) -> list[Verdict]:
        """What is to be answered to each, in one commit."""
        with self._writing():
            return [self._accept(each, time.time()) for each in deliveries]

    def _accept(self, given: Delivery, now: float) -> Verdict:
        known = "select run_id from deliveries where hook = ? and id = ?"
        if found := self._db.execute(known, (given.hook, given.id)).fetchone():
            return Verdict("duplicate", found[0])
        open_ = "select id, state from runs where hook = ? and state in (?, ?, ?) order by rowid"
        words = (given.hook, "waiting", "starting", "running")
        runs = self._db.execute(open_, words).fetchall()
        if runs and given.refuse:
            return Verdict("refused", runs[0][0])
        waiting = next((run for run, state in runs if state == "waiting"), None)
        run = waiting or self._add_run(given.hook, json.dumps(given.sources), 1, None, now)
        row = (given.hook, given.id, run, now, given.body)
        self._db.execute("insert into deliveries values (?, ?, ?, ?, ?)", row)
        return Verdict("accepted", run, begins=waiting is None)

    def _add_run(
        self, hook: str, sources: str, attempt: int, again_of: str | None, now: float
    ) -> str:
        run = str(uuid.uuid4())
        self._db.execute(
            "insert into runs (id, hook, sources, state, attempt, again_of, created_at) "
            "values (?, ?, ?, 'waiting', ?, ?, ?)",
            (run, hook, sources, attempt, again_of, now),
        )
        return run

    def next_run(self) -> Run | None:
        """The oldest run whose hook has none under way; from now on it takes no delivery."""
        free = (
            f"{_RUN} where state = 'waiting' and hook not in "
            "(select hook from runs where state in ('starting', 'running')) order by rowid limit 1"
        )
        with self._writing():
            row = self._db.execute(free).fetchone()
            if row is None:
                return None
            self._db.execute("update runs set state = 'starting' where id = ?", (row[0],))
        return _run(row)

    def claim(self, run_id: str, process: str) -> Run | None:
        """The run, which this process is to do; None where another one has it or had it."""
        with self._writing():
            done = self._db.execute(
                "update runs set state = 'running', process = ?, started_at = ? "
                "where id = ? and state = 'starting'",
                (process, time.time(), run_id),
            )
            return self.run(run_id) if done.rowcount else None

    def end(self, run_id: str, state: str, reason: str | None = None) -> bool:
        """Writes down how a run ended, if nobody has."""
        with self._writing():
            done = self._db.execute(
                "update runs set state = ?, reason = ?, ended_at = ? "
                "where id = ? and state in ('starting', 'running')",
                (state, reason, time.time(), run_id),
            )
        return done.rowcount > 0

    def lose(self, run: Run, reason: str) -> None:
        """Ends a run whose process is gone; one that waits does its work, or another one."""
        now = time.time()
        with self._writing():
            done = self._db.execute(
                "update runs set state = 'lost', reason = ?, ended_at = ? "
                "where id = ? and state in ('starting', 'running')",
                (reason, now, run.id),
            )
            waits = "select 1 from runs where hook = ? and state = 'waiting'"
            again = done.rowcount and run.attempt < MOST_ATTEMPTS
            if again and not self._db.execute(waits, (run.hook,)).fetchone():
                self._add_run(run.hook, json.dumps(run.sources), run.attempt + 1, run.id, now)

    def run(self, run_id: str) -> Run | None:
        """The run of this id."""
        row = self._db.execute(f"{_RUN} where id = ?", (run_id,)).fetchone()
        return _run(row) if row else None

    def state(self, run_id: str) -> str:
        """How far a run is: waiting, starting, running, done, failed, lost."""
        row = self._db.execute("select state from runs where id = ?", (run_id,)).fetchone()
        return str(row[0])

    def runs(self, state: str) -> list[Run]:
        """The runs that are in a state, the oldest first."""
        rows = self._db.execute(f"{_RUN} where state = ? order by rowid", (state,))
        return [_run(row) for row in rows]

    def probe(self) -> None:
        """Commits something: raises sqlite3.Error where a delivery could not be kept either."""
        with self._writing():
            self._db.execute("delete from probes")
            self._db.execute("insert into probes values (?)", (time.time(),))

    def prune(self) -> int:
        """Forgets deliveries of runs that ended long ago; returns how many."""
        before = time.time() - KEEP_SECONDS
        ended = "select id from runs where ended_at < ?"
        with self._writing():
            gone = self._db.execute(f"delete from deliveries where run_id in ({ended})", (before,))
            self._db.execute("delete from runs where ended_at < ?", (before,))
        return gone.rowcount

    @contextmanager
    def _writing(self) -> Iterator[None]:
        self._db.execute("begin immediate")
        try:
            yield
            self._db.execute("commit")
        except BaseException:
            if self._db.in_transaction:
                self._db.execute("rollback")
            raise


def _run(row: Sequence[Any]) -> Run:
    name, hook, sources, attempt, process = row
    return Run(name, hook, tuple(json.loads(sources)), attempt, process)
