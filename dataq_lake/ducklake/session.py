"""Questions to the catalogue of a DuckLake, and whether its database is away."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dataq_lake.objects.refusals import patience

if TYPE_CHECKING:
    import duckdb

LAKE = "lake"
METADATA = f"__ducklake_metadata_{LAKE}"

_AWAY = re.compile(
    r"Connection refused|server closed the connection|terminating connection|no connection to the "
    r"server|could not (receive|send) data|Connection (reset|timed out)|timeout expired|No route to"
    r"|database system is (starting up|shutting down|not yet accepting|in recovery)|PGSQL\.\d+\" "
    r"failed: No such file|Failed to execute query \"(BEGIN|COMMIT|ROLLBACK)",
    re.I,
)
"""What is said where a PostgreSQL is away, or was while it was asked."""


@dataclass(frozen=True)
class Session:
    """A connection of its own to a catalogue, for one thing at a time."""

    connection: duckdb.DuckDBPyConnection

    def rows(self, text: str, values: Mapping[str, Any] | None = None) -> list[tuple[Any, ...]]:
        """The rows of a question to the catalogue's own tables, called {meta}.… in `text`.

        A database that is away is asked again for as long as `patience` says.
        """
        import duckdb

        asked = text.replace("{meta}", METADATA)
        until, pause = time.monotonic() + patience(), 0.05
        while True:
            try:
                return self.connection.execute(asked, values or None).fetchall()
            except duckdb.Error as error:
                if not is_away(error) or time.monotonic() + pause > until:
                    raise
            time.sleep(pause)
            pause = min(2 * pause, 5.0)


def is_away(error: Exception) -> bool:
    """Whether DuckDB says that the database is away, so that it may answer later."""
    return _AWAY.search(str(error)) is not None
