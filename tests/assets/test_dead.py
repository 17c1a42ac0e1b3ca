"""Runs of Dagster's own processes, those of its UI and daemon, are cleared when these are gone."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from dataq_assets.runs.dead import bury
from dataq_assets.runs.launch import open_instance
from dataq_resources.home import Home

RUN = """
import sys, time
from pathlib import Path
import dagster as dg
from dataq_assets.runs.launch import open_instance
from dataq_resources.home import Home

@dg.asset
def slow(context: dg.AssetExecutionContext) -> None:
    print(context.run.run_id, flush=True)
    time.sleep(600)

instance = open_instance(Home(Path(sys.argv[1])))
dg.Definitions(assets=[slow]).resolve_implicit_global_asset_job_def().execute_in_process(
    instance=instance
)
"""


@pytest.fixture
def instance(home: Path) -> Iterator[dg.DagsterInstance]:
    with open_instance(Home(home)) as instance:
        yield instance


def test_a_run_without_our_tag_is_failed_once_its_process_is_killed(
    instance: dg.DagsterInstance, home: Path
) -> None:
    child = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", RUN, str(home)], stdout=subprocess.PIPE, text=True
    )
    try:
        assert child.stdout is not None
        run_id = child.stdout.readline().strip()
        assert bury(instance) == []
        assert _status(instance, run_id) is dg.DagsterRunStatus.STARTED
    finally:
        child.kill()
        child.communicate()
    assert bury(instance) == [run_id]
    assert _status(instance, run_id) is dg.DagsterRunStatus.FAILURE
    assert bury(instance) == []


def test_a_run_that_waits_is_left_alone(instance: dg.DagsterInstance) -> None:
    @dg.job
    def nothing() -> None: ...

    run = instance.create_run_for_job(nothing)
    assert bury(instance) == []
    assert _status(instance, run.run_id) is dg.DagsterRunStatus.NOT_STARTED


def _status(instance: dg.DagsterInstance, run_id: str) -> dg.DagsterRunStatus:
    run = instance.get_run_by_id(run_id)
    assert run is not None
    return run.status
