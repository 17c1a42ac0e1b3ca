"""A real server and real processes: what is told of extractions is what they have committed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import dagster as dg
import pytest

from dataq_assets.runs.launch import open_instance
from dataq_lake.lake import open_lake
from dataq_resources.home import Home
from dataq_resources.jobs.extraction import Extraction
from dataq_resources.jobs.store import JobStore
from dataq_resources.jobs.waiting import Waiting
from tests.extraction.conftest import SECRET
from tests.extraction.feed import FIRST, MORE, PAYLOAD
from tests.extraction.stand import Instance
from tests.slow import eventually

INBOX = Path(__file__).parents[2] / "examples" / "inbox"
Make = Callable[[str], Instance]


def test_the_example_is_extracted_and_counted(instances: Make) -> None:
    one = instances("home")
    one.add("inbox", plugin="file_scanner", config={"root": str(INBOX / "notes")})
    one.add_feed()
    (one.folder / "fails").touch()
    one.start()
    one.lacks()
    assert one.ask("GET", "/ready").json() == {"ready": True, "reason": None, "missing": {}}
    path = one.extract("inbox", idempotency_key="the first")
    told = one.ended(path)
    assert (told["status"], told["error"]) == ("completed", None)
    raw = open_lake(Home(one.home).lake).raw("inbox").scan().collect()
    assert raw.height == told["progress"]["items"] > 0
    assert raw["size"].sum() == told["progress"]["bytes"]
    windows = told["progress"]["windows"]
    assert windows["done"] == windows["total"] >= raw["window"].n_unique()
    with open_instance(Home(one.home)) as instance:
        runs = instance.get_runs(dg.RunsFilter(tags={"dataq/task": told["task_id"]}))
    assert {run.run_id for run in runs} == set(told["run_ids"])
    assert one.extract("inbox", idempotency_key="the first") == path, "it was not done twice"

    window = str(raw["window"][0])
    again = one.extract("inbox", partition=window)
    broken = one.ended(one.extract("feed"))
    assert broken["status"] == "failed"
    assert "has no door for [redacted]" in broken["error"]["message"]
    assert broken["error"]["type"] == "OperationFailed"
    assert "Traceback" in broken["error"]["trace"] or "File " in broken["error"]["trace"]
    assert SECRET not in str(broken)
    assert SECRET not in one.log.read_text()

    told = one.ended(again)
    assert (told["status"], told["request"]["windows"]) == ("completed", [[window, window]])
    assert told["progress"]["windows"] == {"done": 1, "total": 1}
    assert told["progress"]["items"] == 0, "all of it was there already"


def test_a_task_that_cannot_even_begin_says_why_without_secrets(instances: Make) -> None:
    one = instances("home")
    one.add_feed()
    home = Home(one.home)
    extraction = Extraction(source="feed", windows=((SECRET, ""),))
    with JobStore(home) as store:
        task = Waiting(store).add(extraction).task
    words = [sys.executable, "-m", "dataq_assets.runs.job_process", task.id]
    subprocess.run(words, env={**os.environ, "DATAQ_HOME": str(one.home)}, check=True)
    with JobStore(home) as store:
        told = store.task(task.id)
    assert (told.state, told.error_type) == ("failed", "UnknownWindow")
    assert told.error is not None
    assert told.trace is not None
    assert "job_process.py" in told.trace
    assert SECRET not in told.error + told.trace


def test_what_was_committed_stays_when_it_is_cancelled(instances: Make) -> None:
    one = instances("home")
    one.add_feed()
    one.start()
    path = one.extract("feed")
    eventually(lambda: one.task(path)["status"] == "running")
    waits = one.extract("feed", priority=5)
    told = eventually(lambda: t if (t := one.task(path))["progress"]["items"] else None)
    items = told["progress"]["items"]
    assert items >= FIRST - 16
    assert told["progress"]["bytes"] == items * len(PAYLOAD)
    assert one.task(waits)["status"] == "pending", "a source is extracted once at a time"
    assert one.ask("DELETE", waits).json()["status"] == "cancelled"
    assert one.ask("POST", f"{path}/cancel").status_code == 202
    told = one.ended(path)
    assert (told["status"], told["error"]) == ("cancelled", None)
    assert told["progress"]["items"] == one.stored("feed") >= items
    assert len(told["run_ids"]) == 1
    assert one.ask("POST", f"{path}/cancel").status_code == 409


@pytest.mark.heavy
def test_a_server_may_be_killed_and_a_run_too(instances: Make) -> None:
    one = instances("home")
    one.add_feed()
    one.start()
    path = one.extract("feed")
    eventually((one.folder / "waiting").exists)
    one.kill()
    one.start()
    told = eventually(lambda: t if (t := one.task(path))["progress"]["items"] else None)
    assert told["status"] == "running", "the process outlives its server"
    waits = one.extract("slow")
    one.slow.gate.touch()
    assert one.ended(waits)["status"] == "completed"

    os.kill(int(one.process(path).split("/")[1]), signal.SIGKILL)
    told = one.ended(path)
    assert (told["status"], told["error"]["type"]) == ("failed", "ProcessGone")
    assert "its process is gone" in told["error"]["message"]
    told = eventually(lambda: t if (t := one.task(path))["error"]["trace"] else None)
    assert len(told["run_ids"]) == 1
    before = one.stored("feed")
    assert told["progress"]["items"] == before > 0, "what it has stored stays"
    (one.folder / "gate").touch()
    told = one.ended(one.extract("feed"))
    assert told["status"] == "completed", told["error"]
    assert told["progress"]["items"] == one.stored("feed") - before > 0
    assert one.stored("feed") == FIRST + MORE + 1
