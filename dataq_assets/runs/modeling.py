"""What `dataq marts` does: one build of all models, without a daemon."""

from __future__ import annotations

import time
from pathlib import Path
from typing import NamedTuple

from dataq_assets.modeling.project import MartsProject
from dataq_assets.runs.outcome import Outcome
from dataq_lake.lake import open_lake
from dataq_resources.home import Home


class Mart(NamedTuple):
    """A table that was built, how many rows it has, and what a row is."""

    name: str
    rows: int
    doc: str


def build_marts(home: Home) -> Outcome:
    """What came of building every model and of every test.

    Raises InstallDbt, BrokenProject, LakeMissing; all else that goes wrong is in the outcome.
    """
    begun = time.monotonic()
    MartsProject(home).prepare()
    open_lake(home.lake, must_exist=True)
    from dataq_assets.marts import build
    from dataq_assets.runs.dead import bury
    from dataq_assets.runs.launch import launch, open_instance

    definitions = build(home)
    graph = definitions.resolve_asset_graph()
    keys, checks = graph.materializable_asset_keys, graph.asset_check_keys
    with open_instance(home) as instance:
        bury(instance)
        outcome = launch(instance, definitions, keys, checks)
    outcome.seconds = time.monotonic() - begun
    return outcome


def published(home: Home) -> list[Mart]:
    """The marts as everybody reads them, in order of name; none before they are built."""
    import duckdb

    if not home.marts_file.is_file():
        return []
    with duckdb.connect(str(home.marts_file), read_only=True) as connection:
        found = connection.execute(
            "select table_name, comment from duckdb_tables() where schema_name = 'main' order by 1"
        ).fetchall()
        return [
            Mart(name, connection.table(name).count("*").fetchall()[0][0], doc or "")
            for name, doc in found
        ]


def write_docs(home: Home, page: Path) -> None:
    """One page of HTML about all models and where they come from; raises as `build_marts`."""
    project = MartsProject(home)
    project.prepare()
    open_lake(home.lake, must_exist=True)
    with project.drafting():
        project.run("docs", "generate", "--static")
    page.parent.mkdir(parents=True, exist_ok=True)
    page.write_bytes((project.target / "static_index.html").read_bytes())
