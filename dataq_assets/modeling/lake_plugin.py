"""Gives dbt the lake: a plugin of dbt-duckdb, which profiles.yml names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
from dbt.adapters.duckdb.plugins import BasePlugin

from dataq_lake.attaching import attach
from dataq_lake.lake import open_lake
from dataq_resources.home import Home, home_from_environment


class Plugin(BasePlugin):
    """Attaches the database `lake`: every model of one build reads the same state of it."""

    def initialize(self, plugin_config: dict[str, Any]) -> None:
        """Takes the home from profiles.yml, or from the environment where it names none."""
        given = plugin_config.get("home")
        self._home = Home(Path(given)) if given else home_from_environment()

    def configure_connection(self, conn: duckdb.DuckDBPyConnection) -> None:
        """Called by dbt for each database that it opens."""
        attach(conn, open_lake(self._home.lake, must_exist=True), "lake")
