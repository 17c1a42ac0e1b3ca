"""A SQLite file that threads and processes open at once, also while it is made."""

from __future__ import annotations

import os
import sqlite3
from contextlib import suppress
from pathlib import Path

from dataq_lake.folders import alone_in

BUSY_SECONDS = 60


def opened(path: Path, tables: str) -> sqlite3.Connection:
    """A connection with `tables` made, whose every change is a commit; raises sqlite3's errors.

    A file that is not there is made, for its owner alone; SQLite gives those beside it the same
    rights. One after the other: SQLite does not wait where two change the journal of a new file,
    and to close a file ends the locks that other connections of this process have on it.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with alone_in(path.parent):
        with suppress(FileExistsError):
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
        connection = sqlite3.connect(
            path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
        )
        try:
            connection.execute("pragma journal_mode=wal")
            connection.execute("pragma synchronous=full")  # a commit is on disk, not on its way
            connection.executescript(tables)
        except sqlite3.Error:
            connection.close()
            raise
    return connection
