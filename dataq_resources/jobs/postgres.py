"""Jobs and tasks in a PostgreSQL, for any number of machines."""

from __future__ import annotations

import atexit
import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from dataq_resources.errors import DatabaseAway, FixSetting
from dataq_resources.jobs.database import Row, Taken, storable
from dataq_resources.jobs.tables import ADDED, INDEXES, TABLES

if TYPE_CHECKING:
    import psycopg

CONNECT_SECONDS = 5
CHANGING = 4_902_731
"""Of the lock that whoever changes more than a row holds: any number, the same everywhere."""
NUMBER = "number bigint generated always as identity,"
MOST_IDLE = 4

# To connect costs more than most questions. A forked child must not use what its parent has.
_idle: dict[tuple[int, str], list[psycopg.Connection[dict[str, Any]]]] = {}
_made: set[str] = set()
_lock = threading.Lock()


class PostgresDatabase:
    """A connection to the database that has the tables; it is kept for the next one."""

    now = "extract(epoch from clock_timestamp())::double precision"
    greatest = "greatest"
    order = "number"

    def __init__(self, address: str) -> None:
        """Raises DatabaseAway, and FixSetting where no driver is installed."""
        self._address = address
        self._db = _idle_one(address) or _connected(address)
        if address not in _made:
            self._make()
            if not _made:
                atexit.register(close_idle)
            _made.add(address)

    def rows(self, text: str, values: Sequence[Any] = ()) -> list[Row]:
        with _refusals():
            return list(self._db.execute(_marked(text), storable(values)).fetchall())

    def change(self, text: str, values: Sequence[Any] = ()) -> int:
        with _refusals():
            return self._db.execute(_marked(text), storable(values)).rowcount

    @contextmanager
    def changing(self) -> Iterator[None]:
        with _refusals(), self._db.transaction():
            self._db.execute("select pg_advisory_xact_lock(%s)", (CHANGING,))
            yield

    def close(self) -> None:
        with _lock:
            kept = _idle.setdefault((os.getpid(), self._address), [])
            keep = not self._db.closed and len(kept) < MOST_IDLE
            if keep:
                kept.append(self._db)
        if not keep:
            self._db.close()

    def _make(self) -> None:
        """Makes the tables, or what they have got since an earlier version."""
        added = [f"alter table tasks add column if not exists {a} {b}" for a, b in ADDED.items()]
        statements = [*TABLES.format(number=NUMBER).split(";"), *added, *INDEXES.split(";")]
        with self.changing():
            for each in statements:
                if each.strip():
                    self._db.execute(each)


def close_idle() -> None:
    """Lets go of the connections that this process keeps."""
    with _lock:
        kept = [one for (pid, _), each in _idle.items() if pid == os.getpid() for one in each]
        _idle.clear()
    for each in kept:
        with suppress(Exception):  # it may have broken long ago
            each.close()


def _idle_one(address: str) -> psycopg.Connection[dict[str, Any]] | None:
    """A connection that is open and answers."""
    import psycopg

    while True:
        with _lock:
            kept = _idle.get((os.getpid(), address))
            if not kept:
                return None
            found = kept.pop()
        try:
            found.execute("select 1")
        except psycopg.Error:
            with suppress(psycopg.Error):
                found.close()
            continue
        return found


def _connected(address: str) -> psycopg.Connection[dict[str, Any]]:
    with _refusals():
        import psycopg
        from psycopg.rows import dict_row

        return psycopg.connect(
            address,
            autocommit=True,
            row_factory=dict_row,
            connect_timeout=CONNECT_SECONDS,
            application_name="dataq",
        )


@contextmanager
def _refusals() -> Iterator[None]:
    try:
        import psycopg
    except ImportError:
        raise FixSetting(
            "DATAQ_JOBS names a PostgreSQL, but no driver is installed: pip install "
            "'dataq[postgres]'"
        ) from None
    try:
        yield
    except psycopg.IntegrityError as error:
        raise Taken(str(error)) from None
    except psycopg.OperationalError as error:
        first = str(error).strip().partition("\n")[0]
        raise DatabaseAway(f"the database of tasks does not answer: {first}") from None


def _marked(text: str) -> Any:
    return text.replace("?", "%s")
