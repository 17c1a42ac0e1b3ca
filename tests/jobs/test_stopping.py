"""Stopping ends a task whatever it does, says how, and leaves nothing behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import dagster as dg
import psutil
import pytest

from dataq_assets.runs import jobs as processes
from dataq_assets.runs.jobs import Jobs
from dataq_assets.runs.launch import open_instance
from dataq_assets.runs.stopping import insist
from dataq_resources.home import Home
from dataq_resources.jobs.definition import JobDefinition
from dataq_resources.jobs.store import JobStore
from dataq_resources.jobs.task import Task
from dataq_resources.processes import pid_of
from dataq_resources.sources import SourceConfig, write_source
from tests.gateway.test_interrupt import ENDLESS
from tests.jobs.conftest import NOTES

PATIENCE = 300
Stubborn = Callable[..., Task]


def eventually(look: Callable[[], object]) -> None:
    until = time.monotonic() + PATIENCE
    while not look():
        assert time.monotonic() < until
        time.sleep(0.05)


@pytest.fixture
def stubborn(jobs: Jobs) -> Iterator[Stubborn]:
    """A task of the job `notes` whose process ignores these signals."""
    started: list[subprocess.Popen[bytes]] = []

    def start(*ignored: str) -> Task:
        with JobStore(jobs.home) as store:
            task = store.add_task(store.register("notes", NOTES))
        argv = [sys.executable, "-m", "tests.jobs.stubborn", str(jobs.home.path), task.id]
        process = subprocess.Popen([*argv, *ignored], start_new_session=True)
        started.append(process)
        eventually(lambda: jobs.task(task.id).state == "running")
        return jobs.task(task.id)

    yield start
    for each in started:
        each.kill()
        each.wait()


def test_a_task_that_does_not_end_is_terminated(jobs: Jobs, stubborn: Stubborn) -> None:
    task = stubborn("SIGINT")
    with JobStore(jobs.home) as store:
        store.stop(task.id, "asked")
        assert not insist(store, store.task(task.id), asked=0.2, terminated=PATIENCE)
    ended = jobs.task(task.id)
    told = "somebody stopped it, and it had to be terminated"
    assert (ended.state, ended.stopping, ended.error) == ("stopped", "terminated", told)


def test_a_task_that_is_not_terminated_is_killed(jobs: Jobs, stubborn: Stubborn) -> None:
    task = stubborn("SIGINT", "SIGTERM")
    (child,) = (int(each["line"]) for each in jobs.log(task.id))
    assert jobs.stop(task.id, seconds=0.4).stopping
    ended = jobs.wait(task.id)
    told = "somebody stopped it, and it had to be killed"
    assert (ended.state, ended.stopping, ended.error) == ("stopped", "killed", told)
    assert jobs.status("notes")["status"] == "idle"
    eventually(lambda: not psutil.pid_exists(child))
    assert Jobs(Home(jobs.home.path)).task(task.id) == ended  # as whoever comes later sees it


def test_a_stop_that_was_cut_short_by_a_crash_of_everything_is_told_as_one(
    jobs: Jobs, stubborn: Stubborn
) -> None:
    task = stubborn("SIGINT")
    with JobStore(jobs.home) as store:
        store.stop(task.id, "asked")
    assert task.process is not None
    os.kill(pid_of(task.process), signal.SIGKILL)
    ended = jobs.wait(task.id)
    assert (ended.state, ended.error) == ("stopped", "somebody stopped it")


@pytest.mark.heavy
def test_stopping_again_goes_on_where_it_was(jobs: Jobs, stubborn: Stubborn) -> None:
    task = stubborn("SIGINT", "SIGTERM")
    first = jobs.stop(task.id, seconds=10_000)
    again = jobs.stop(task.id, seconds=0)
    assert again.stop_at == first.stop_at
    assert jobs.wait(task.id).stopping == "killed"


@pytest.mark.heavy
def test_a_killed_task_leaves_no_plugin_and_no_open_run(jobs: Jobs, tmp_path: Path) -> None:
    (tmp_path / "endless.py").write_text(ENDLESS)
    begun = tmp_path / "begun"
    command = (sys.executable, str(tmp_path / "endless.py"))
    config = {"begun": str(begun)}
    write_source(jobs.home, SourceConfig(name="endless", command=command, config=config))
    jobs.register("endless", JobDefinition(sources=("endless",)))
    task = jobs.start("endless")
    eventually(lambda: begun.exists() and begun.read_text())
    eventually(lambda: jobs.task(task.id).stage == "raw")
    task = jobs.task(task.id)
    assert task.process is not None
    os.kill(pid_of(task.process), signal.SIGSTOP)  # it hears of nothing any more
    of_task = psutil.Process(pid_of(task.process)).children(recursive=True)
    assert int(begun.read_text()) in {each.pid for each in of_task}
    jobs.stop(task.id, seconds=1)
    ended = jobs.wait(task.id)
    assert (ended.state, ended.stopping) == ("stopped", "killed")
    _, alive = psutil.wait_procs(of_task, timeout=PATIENCE)
    assert not alive

    for child in list(processes._children):
        child.wait(PATIENCE)
    with open_instance(jobs.home) as instance:
        runs = instance.get_runs(dg.RunsFilter(tags={"dataq/task": task.id}))
    assert runs and all(run.is_finished for run in runs)


def test_a_file_of_an_earlier_version_is_read(jobs: Jobs) -> None:
    with JobStore(jobs.home) as store:
        task = store.add_task(store.register("notes", NOTES))
        store.db.change("alter table tasks drop column stopping")
        store.db.change("alter table tasks drop column stop_at")
    assert jobs.task(task.id).stopping == ""
    jobs.stop(task.id)
