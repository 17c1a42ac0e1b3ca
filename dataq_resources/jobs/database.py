"""Where jobs and tasks are kept: a SQLite file of the home, or a PostgreSQL that homes share."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

from dataq_resources.errors import FixSetting
from dataq_resources.home import Home

SETTING = "DATAQ_JOBS"
POSTGRES = "postgres:"
_SECRET = re.compile(r"\bpassword\s*=|://[^/@\s]*:[^/@\s]*@", re.I)

Row = Mapping[str, Any]


class Taken(Exception):
    """There is a row already that this one would be twice."""


class Database(Protocol):
    """One connection, for one thread at a time; values stand for `?`.

    Without `changing` each statement is a commit on disk.
    """

    now: str
    """The database's own time, in Unix seconds."""
    greatest: str
    """The name of the function of the greatest of some values."""
    order: str
    """What rows were added by, in their order, where they have no time of their own."""

    def rows(self, text: str, values: Sequence[Any] = ()) -> list[Row]:
        """What a question finds; raises DatabaseAway."""

    def change(self, text: str, values: Sequence[Any] = ()) -> int:
        """How many rows a statement has changed; raises Taken, DatabaseAway."""

    def changing(self) -> AbstractContextManager[None]:
        """Nobody else changes anything while the block runs; what it changes is one commit."""

    def close(self) -> None:
        """Lets go of the connection."""


def postgres_of_jobs() -> str | None:
    """How to connect to the PostgreSQL that the setting names; None where it names none.

    Raises FixSetting, also for a password, which would be seen in the environment's listings.
    """
    text = os.environ.get(SETTING, "").strip()
    if not text:
        return None
    if not text.startswith(POSTGRES) or not text.removeprefix(POSTGRES).strip():
        raise FixSetting(f"{SETTING} is {text[:16]!r}…: write postgres:dbname=… host=…")
    if _SECRET.search(text):
        raise FixSetting(f"{SETTING} holds a password: give it by PGPASSWORD or PGPASSFILE")
    return text.removeprefix(POSTGRES).strip()


def opened(home: Home) -> Database:
    """A connection with all tables; raises FixSetting, DatabaseAway."""
    address = postgres_of_jobs()
    if address is None:
        from dataq_resources.jobs.sqlite import SqliteDatabase

        return SqliteDatabase(home.path / "jobs")
    from dataq_resources.jobs.postgres import PostgresDatabase

    return PostgresDatabase(address)


def marks(values: Sequence[Any]) -> str:
    """A `?` for each value."""
    return ", ".join("?" * len(values))


def storable(values: Sequence[Any]) -> list[Any]:
    """Values of which texts hold no character 0, and no half of one: databases keep neither."""
    return [_storable(each) if isinstance(each, str) else each for each in values]


def _storable(text: str) -> str:
    return text.replace("\0", "\ufffd").encode(errors="replace").decode()
