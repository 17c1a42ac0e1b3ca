"""`dataq dev`, which is all that `make dev` does: the page, the daemon, a schedule that fires."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.assets.daemon import serving

ASSETS = "{ assetNodes { assetKey { path } } }"
SCHEDULES = (
    "{ repositoriesOrError { ... on RepositoryConnection { nodes "
    "{ schedules { name scheduleState { status } } } } } }"
)
DAEMONS = "{ instance { daemonHealth { allDaemonStatuses { daemonType required healthy } } } }"
RUNS = "{ runsOrError { ... on Runs { results { status assets { key { path } } } } } }"


@pytest.mark.heavy
@pytest.mark.usefixtures("interruptible")
def test_the_page_shows_the_graph_and_schedules_fire(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a home with one source, whose compaction is due every minute."""
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "note.txt").write_text("A note to be archived.")
    dataq = [sys.executable, "-m", "dataq_gateway"]
    added = ["sources", "add", "notes", "--plugin", "file_scanner", "--config", f"root={tree}"]
    subprocess.run([*dataq, *added], check=True, capture_output=True)
    monkeypatch.setenv("DATAQ_COMPACTION_CRON", "* * * * *")
    with serving(home, tmp_path / "dev.log", monkeypatch) as dev:
        found = dev.eventually(lambda: dev.ask(ASSETS)["assetNodes"])
        keys = {"/".join(node["assetKey"]["path"]) for node in found}
        assert {"raw_notes", "items", "snapshots", "maintenance/compaction"} <= keys

        (repository,) = dev.ask(SCHEDULES)["repositoriesOrError"]["nodes"]
        states = {each["name"]: each["scheduleState"]["status"] for each in repository["schedules"]}
        assert states["compaction"] == states["merge_indexes"] == "RUNNING"
        assert states["vacuum"] == states["retire_snapshots"] == "STOPPED"

        def healthy() -> bool:
            daemons = dev.ask(DAEMONS)["instance"]["daemonHealth"]["allDaemonStatuses"]
            return all(each["healthy"] for each in daemons if each["required"])

        dev.eventually(healthy)

        def compacted() -> bool:
            runs = dev.ask(RUNS)["runsOrError"]["results"]
            mine = [run for run in runs if ["maintenance", "compaction"] in _keys(run)]
            return any(run["status"] == "SUCCESS" for run in mine)

        dev.eventually(compacted)

        children = psutil.Process(dev.process.pid).children(recursive=True)
        dev.process.send_signal(signal.SIGINT)
        dev.process.wait(60)
        _, alive = psutil.wait_procs(children, timeout=30)
        assert not alive


def _keys(run: dict[str, Any]) -> list[list[str]]:
    return [asset["key"]["path"] for asset in run["assets"]]
