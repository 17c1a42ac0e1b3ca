"""What `dataq marts` does: one build of all models, without a daemon."""

from __future__ import annotations

import time
from pathlib import Path

from dataq_assets.modeling.project import MartsProject, expect_installed
from dataq_assets.runs.outcome import Outcome
from dataq_lake.lake import open_lake
from dataq_resources.home import Home
from dataq_resources.progress import OnProgress, listening


def build_marts(home: Home, on_progress: OnProgress | None = None) -> Outcome:
    """What came of building every model and of every test.

    Raises InstallDbt, BrokenProject, LakeMissing; all else that goes wrong is in the outcome.
    """
    begun = time.monotonic()
    expect_installed()
    open_lake(home.lake, must_exist=True)
    from dataq_assets.marts import build
    from dataq_assets.modeling.freshness import FRESHNESS
    from dataq_assets.runs.dead import bury
    from dataq_assets.runs.launch import launch, open_instance

    definitions = build(home)
    graph = definitions.resolve_asset_graph()
    keys, checks = graph.materializable_asset_keys, graph.asset_check_keys - {FRESHNESS}
    with open_instance(home) as instance, listening(on_progress):
        bury(instance)
        outcome = launch(instance, definitions, keys, checks)
    outcome.seconds = time.monotonic() - begun
    return outcome


def check_freshness(home: Home) -> Outcome:
    """What came of asking how old the lake is; raises as `build_marts`."""
    begun = time.monotonic()
    expect_installed()
    open_lake(home.lake, must_exist=True)
    from dataq_assets.marts import build
    from dataq_assets.modeling.freshness import FRESHNESS
    from dataq_assets.runs.dead import bury
    from dataq_assets.runs.launch import launch, open_instance

    definitions = build(home)
    with open_instance(home) as instance:
        bury(instance)
        outcome = launch(instance, definitions, checks=[FRESHNESS])
    outcome.seconds = time.monotonic() - begun
    return outcome


def write_docs(home: Home, page: Path) -> None:
    """One page of HTML about all models and where they come from; raises as `build_marts`."""
    expect_installed()
    open_lake(home.lake, must_exist=True)
    project = MartsProject(home)
    project.prepare()
    with project.drafting():
        project.run("docs", "generate", "--static")
    page.parent.mkdir(parents=True, exist_ok=True)
    page.write_bytes((project.target / "static_index.html").read_bytes())
