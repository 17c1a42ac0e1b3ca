"""`dataq dev`: Dagster's web page and daemon on this home."""

from __future__ import annotations

import json
import os
import sys
from importlib.util import find_spec
from pathlib import Path

import click


@click.command("dev")
@click.option("--host", default="127.0.0.1", show_default=True, help="Where to listen.")
@click.option("--port", default=3000, show_default=True, type=click.IntRange(1, 65535))
def command(host: str, port: int) -> None:
    """Open Dagster's UI on this lake.

    The web page shows the graph, its checks and every run; the daemon starts the runs that are
    asked for there. Where dbt is installed, the marts are built as well, unless DATAQ_MARTS is
    "off". Ctrl-C ends all.
    """
    from dataq_resources.home import EVENTS_AT_ONCE, home_from_environment

    home = home_from_environment()
    home.prepare()
    # This process becomes Dagster, so that Ctrl-C and signals reach it and nothing is left over.
    environment = {
        "PYTHONWARNINGS": "ignore",  # Dagster's notes on its own parts being new or superseded
        **EVENTS_AT_ONCE,
        **os.environ,
        "DATAQ_HOME": str(home.path),
        "DAGSTER_HOME": str(home.dagster),
    }
    workspace = _workspace(home.dagster)
    words = ["-m", "dagster", "dev", "-w", str(workspace), "--host", host, "--port", str(port)]
    os.execve(  # noqa: S606 - no shell is what we want
        sys.executable, [sys.executable, *words], environment
    )


def _workspace(folder: Path) -> Path:
    """The file that names the code locations: on its command line Dagster takes no names."""
    from dataq_lake.whole_file import write_whole

    modules = {"dataq": "dataq_assets.definitions"}
    if find_spec("dagster_dbt") and os.environ.get("DATAQ_MARTS") != "off":
        modules["marts"] = "dataq_assets.marts"  # a process of its own, for dbt is large
    here = str(Path.cwd())
    locations = [
        {"python_module": {"module_name": module, "location_name": name, "working_directory": here}}
        for name, module in modules.items()
    ]
    path = folder / "workspace.yaml"
    write_whole(path, json.dumps({"load_from": locations}, indent=1))
    return path
