"""Jobs and tasks in one SQLite file, for the processes of one machine."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from dataq_resources.errors import DatabaseAway
from dataq_resources.jobs.database import Row, Taken, storable
from dataq_resources.jobs.tables import ADDED, INDEXES, TABLES
from dataq_resources.sqlite_file import opened


class SqliteDatabase:
    """One connection to the file `jobs.sqlite` of a folder; every change is a commit on disk."""

    now = "((julianday('now') - 2440587.5) * 86400.0)"
    greatest = "max"
    order = "rowid"

    def __init__(self, folder: Path) -> None:
        with _refusals():
            self._db = opened(folder / "jobs.sqlite", TABLES.format(number=""))
            self._db.row_factory = sqlite3.Row
            self._add_columns()

    def rows(self, text: str, values: Sequence[Any] = ()) -> list[Row]:
        with _refusals():
            return [dict(row) for row in self._db.execute(text, storable(values))]

    def change(self, text: str, values: Sequence[Any] = ()) -> int:
        with _refusals():
            return self._db.execute(text, storable(values)).rowcount

    @contextmanager
    def changing(self) -> Iterator[None]:
        with _refusals():
            self._db.execute("begin immediate")
            try:
                yield
                self._db.execute("commit")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("rollback")
                raise

    def close(self) -> None:
        self._db.close()

    def _add_columns(self) -> None:
        """A file of an earlier version gets what tasks have now."""
        there = {row["name"] for row in self._db.execute("pragma table_info(tasks)")}
        for name, kind in ADDED.items():
            if name not in there:
                with suppress(sqlite3.OperationalError):  # another process was faster
                    self._db.execute(f"alter table tasks add column {name} {kind}")
        self._db.executescript(INDEXES)


@contextmanager
def _refusals() -> Iterator[None]:
    try:
        yield
    except sqlite3.IntegrityError as error:
        raise Taken(str(error)) from None
    except sqlite3.OperationalError as error:  # a full disk, or one that is held for too long
        raise DatabaseAway(f"the file of tasks, jobs.sqlite, does not take this: {error}") from None
    except sqlite3.DatabaseError as error:
        raise DatabaseAway(
            f"the file of tasks, jobs.sqlite, cannot be read: {error}: put it back from a copy, "
            "or move it away and register jobs again; what is archived is not in it"
        ) from None
