"""The lake as Dagster's assets see it."""

from functools import cache
from pathlib import Path

import dagster as dg

from dataq_lake.lake import Lake, open_lake
from dataq_resources.home import Home


class HomeResource(dg.ConfigurableResource[None]):
    """The DATAQ_HOME that everything is kept in."""

    path: str

    @property
    def home(self) -> Home:
        """Its folders."""
        return Home(Path(self.path))

    @property
    def lake(self) -> Lake:
        """Its lake; one object a process, so that what was read of a table is kept."""
        return _opened(self.path)


@cache
def _opened(path: str) -> Lake:
    return open_lake(Home(Path(path)).lake)
