"""Does once, in the server, what every run would do first: most of its time is loading for that."""

from __future__ import annotations

import importlib
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from dataq_resources.home import DAGSTER_YAML, Home
from dataq_resources.warm.tasks import DEFINITIONS

if TYPE_CHECKING:
    from dagster import Definitions

QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


def rehearse() -> None:
    """Loads the definitions of the home, for good, and runs nothing in a place of its own."""
    import dagster as dg

    definitions = _loaded()
    whole = definitions.resolve_implicit_global_asset_job_def()
    definitions.get_repository_def().get_job(whole.name)

    @dg.asset
    def nothing() -> None:
        """Runs as the home's own assets do."""

    before = os.environ.get("DAGSTER_HOME")
    with tempfile.TemporaryDirectory(prefix="dataq-") as folder:
        try:
            place = Home(Path(folder))
            place.dagster.mkdir()
            (place.dagster / "dagster.yaml").write_text(DAGSTER_YAML)
            os.environ["DAGSTER_HOME"] = str(place.dagster)
            with dg.DagsterInstance.from_config(str(place.dagster)) as instance:
                dg.materialize([nothing], instance=instance, run_config=QUIET)
        finally:
            os.environ.pop("DAGSTER_HOME")
            if before is not None:
                os.environ["DAGSTER_HOME"] = before


def _loaded() -> Definitions:
    """The definitions; the module has them as they are now, and a run does not make them again."""
    module = importlib.import_module(DEFINITIONS)
    found: Definitions = module.definitions()
    vars(module)["definitions"] = found
    return found
