"""`dataq dev`, which is all that `make dev` does: the page, the daemon, a schedule that fires."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

START_SECONDS, TICK_SECONDS = 180, 240

ASSETS = "{ assetNodes { assetKey { path } } }"
SCHEDULES = (
    "{ repositoriesOrError { ... on RepositoryConnection { nodes "
    "{ schedules { name scheduleState { status } } } } } }"
)
DAEMONS = "{ instance { daemonHealth { allDaemonStatuses { daemonType required healthy } } } }"
RUNS = "{ runsOrError { ... on Runs { results { status assets { key { path } } } } } }"


def ask(port: int, query: str) -> dict[str, Any]:
    """The answer of Dagster's GraphQL to a query."""
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/graphql",
        json.dumps({"query": query}).encode(),
        {"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        found: dict[str, Any] = json.load(answer)["data"]
        return found


def eventually(look: Callable[[], Any], seconds: float) -> Any:
    """What `look` finds once it finds something; fails after `seconds`."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        try:
            if found := look():
                return found
        except OSError:
            pass
        time.sleep(0.5)
    pytest.fail(f"nothing after {seconds} s")


@pytest.fixture
def port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        number: int = probe.getsockname()[1]
        return number


@pytest.fixture
def dev(
    home: Path, port: int, tmp_path: Path, interruptible: None
) -> Iterator[subprocess.Popen[bytes]]:
    """The command on a home with one source, whose compaction is due every minute."""
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "note.txt").write_text("A note to be archived.")
    dataq = [sys.executable, "-m", "dataq_gateway"]
    added = ["sources", "add", "notes", "--plugin", "file_scanner", "--config", f"root={tree}"]
    subprocess.run([*dataq, *added], check=True, capture_output=True)
    environment = {**os.environ, "DATAQ_COMPACTION_CRON": "* * * * *", "DATAQ_MARTS": "off"}
    with (tmp_path / "dev.log").open("wb") as log:
        process = subprocess.Popen(
            [*dataq, "dev", "--port", str(port)],
            env=environment,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        try:
            yield process
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


@pytest.mark.heavy
def test_the_page_shows_the_graph_and_schedules_fire(
    dev: subprocess.Popen[bytes], port: int
) -> None:
    found = eventually(lambda: ask(port, ASSETS)["assetNodes"], START_SECONDS)
    keys = {"/".join(node["assetKey"]["path"]) for node in found}
    assert {"raw_notes", "items", "snapshots", "maintenance/compaction"} <= keys

    (repository,) = ask(port, SCHEDULES)["repositoriesOrError"]["nodes"]
    states = {each["name"]: each["scheduleState"]["status"] for each in repository["schedules"]}
    assert states["compaction"] == states["merge_indexes"] == "RUNNING"
    assert states["vacuum"] == states["retire_snapshots"] == "STOPPED"

    def healthy() -> bool:
        daemons = ask(port, DAEMONS)["instance"]["daemonHealth"]["allDaemonStatuses"]
        return all(each["healthy"] for each in daemons if each["required"])

    eventually(healthy, START_SECONDS)

    def compacted() -> bool:
        runs = ask(port, RUNS)["runsOrError"]["results"]
        mine = [run for run in runs if ["maintenance", "compaction"] in _keys(run)]
        return any(run["status"] == "SUCCESS" for run in mine)

    eventually(compacted, TICK_SECONDS)

    children = psutil.Process(dev.pid).children(recursive=True)
    dev.send_signal(signal.SIGINT)
    dev.wait(60)
    _, alive = psutil.wait_procs(children, timeout=30)
    assert not alive


def _keys(run: dict[str, Any]) -> list[list[str]]:
    return [asset["key"]["path"] for asset in run["assets"]]
