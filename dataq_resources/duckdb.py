"""The lake's views for assets that are written in SQL, through Dagster's own DuckDB resource."""

from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg
import duckdb
from dagster_duckdb import DuckDBResource

from dataq_resources.lake import HomeResource


class LakeDuckDBResource(DuckDBResource):
    """`get_connection` gives a connection to a view for every table of the lake, and nothing else.

    What an asset makes in it (temporary tables) is gone with it. `as_of` is a time, or the name or
    id of a snapshot; without it each connection sees the lake as it is then.
    """

    home: dg.ResourceDependency[HomeResource]
    database: str = ":memory:"
    as_of: str | None = None

    @classmethod
    def _is_dagster_maintained(cls) -> bool:
        return False

    @contextmanager
    def get_connection(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection to the views; raises NotYet, UnknownSnapshot for `as_of`."""
        from dataq_lake.sql import connect

        connection = connect(self.home.lake, self.as_of)
        try:
            yield connection
        finally:
            connection.close()
