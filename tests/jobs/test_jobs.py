"""Jobs in real processes: started, watched, stopped, killed, and done again."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import dagster as dg
import pytest

from dataq_assets.defs.jobs import job_definitions
from dataq_assets.runs.forecast import forecast
from dataq_assets.runs.jobs import Jobs
from dataq_assets.runs.launch import open_instance
from dataq_resources.errors import Busy, JobExists, UnknownJob, UnknownSource, UnknownTask
from dataq_resources.jobs.definition import JobDefinition
from dataq_resources.jobs.store import JobStore
from dataq_resources.jobs.task import Task
from dataq_resources.processes import this_process
from tests.destinations.receiver import Receiver
from tests.jobs.conftest import NOTES

PATIENCE = 300
# Dagster's own affair: it uses what it has deprecated.
pytestmark = pytest.mark.filterwarnings(
    "ignore:InitResourceContext.dagster_run is deprecated:DeprecationWarning"
)


def until_running(jobs: Jobs, task: Task) -> Task:
    until = time.monotonic() + PATIENCE
    while (now := jobs.task(task.id)).state == "queued":
        assert time.monotonic() < until
        time.sleep(0.05)
    return now


def test_from_a_source_to_a_destination(jobs: Jobs, receiver: Receiver, tmp_path: Path) -> None:
    jobs.register("notes", NOTES)
    assert jobs.status("notes")["status"] == "idle"
    started = jobs.start("notes")
    percents, states = [], []
    while (now := Jobs(jobs.home).task(started.id)).is_open:
        percents.append(now.percent)
        states.append(now.state)
        time.sleep(0.05)
    assert now.state == "completed", now.error
    assert percents == sorted(percents)
    assert set(states) <= {"queued", "running"}
    assert (now.percent, now.items, now.rows) == (100, 3, 3)
    assert now.bytes == sum(each.stat().st_size for each in (tmp_path / "notes").iterdir())
    assert {row["source"] for row in receiver.taken} == {"notes"}
    assert jobs.status("notes")["status"] == "completed"
    lines = [each["line"] for each in jobs.log(now.id)]
    assert "stage raw" in lines
    assert "items: 3 rows" in lines
    with open_instance(jobs.home) as instance:
        tagged = instance.get_runs(dg.RunsFilter(tags={"dataq/task": now.id}))
        assert {run.run_id for run in tagged} == set(now.run_ids)
        assert {run.tags["dataq/job"] for run in tagged} == {"notes"}

    told = forecast(jobs.home, "notes")
    assert (told["items"], told["bytes"], told["requests"]) == (3, now.bytes, 1)
    assert told["minutes"] is not None
    assert forecast(jobs.home, "notes", windows=1)["items"] == 3


@pytest.mark.heavy
def test_a_failed_task_says_why(jobs: Jobs, receiver: Receiver) -> None:
    receiver.refuses = lambda rows: 500
    jobs.register("notes", NOTES)
    ended = jobs.wait(jobs.start("notes").id)
    assert ended.state == "failed"
    assert ended.error is not None
    assert "destination crm" in ended.error
    assert ended.percent < 100
    assert [each["line"] for each in jobs.log(ended.id) if each["level"] == "error"]
    assert jobs.status("notes")["status"] == "failed"


@pytest.mark.heavy
def test_a_job_runs_once_at_a_time_and_is_stopped(
    jobs: Jobs, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    receiver.script = [(503, {"Retry-After": "50"})] * 100
    path = jobs.home.path / "destinations" / "crm.yaml"
    path.write_text(path.read_text().replace("attempts: 1", "attempts: 50"))
    jobs.register("send", JobDefinition(sources=("notes",), destinations=("crm",)))
    started = until_running(jobs, jobs.start("send"))
    with pytest.raises(Busy, match=started.id):
        jobs.start("send")
    with pytest.raises(Busy):
        jobs.remove("send")
    until = time.monotonic() + PATIENCE
    while not receiver.requests and time.monotonic() < until:
        time.sleep(0.05)
    jobs.stop(started.id)
    ended = jobs.wait(started.id)
    assert ended.state == "stopped", ended.error
    assert jobs.status("send")["status"] == "idle"
    receiver.script = []
    again = jobs.wait(jobs.retrigger(ended.id).id)
    assert (again.state, again.retrigger_of, again.rows) == ("completed", ended.id, 3)
    jobs.remove("send")
    with pytest.raises(UnknownJob):
        jobs.status("send")
    assert [each.id for each in jobs.tasks("send")] == [again.id, ended.id]


@pytest.mark.heavy
def test_a_task_whose_process_was_killed_has_failed(jobs: Jobs) -> None:
    jobs.register("notes", NOTES)
    running = until_running(jobs, jobs.start("notes"))
    assert running.process is not None
    os.kill(int(running.process.split("/")[1]), signal.SIGKILL)
    ended = jobs.wait(running.id)
    assert ended.state == "failed"
    assert ended.error is not None
    assert "its process is gone" in ended.error
    assert jobs.wait(jobs.start("notes").id).state == "completed"


def test_every_version_is_kept(jobs: Jobs) -> None:
    jobs.register("notes", NOTES)
    with pytest.raises(JobExists):
        jobs.register("notes", NOTES)
    assert jobs.update("notes", NOTES).version == 1
    changed = NOTES.model_copy(update={"full": True})
    assert jobs.update("notes", changed).version == 2
    jobs.remove("notes")
    jobs.register("notes", NOTES)
    with JobStore(jobs.home) as store:
        kept = [(each.version, each.definition) for each in store.versions("notes")]
    assert kept == [(1, NOTES), (2, changed), (4, NOTES)]


def test_what_is_not_there_is_said(jobs: Jobs) -> None:
    with pytest.raises(UnknownSource, match="there is notes"):
        jobs.register("other", JobDefinition(sources=("other",)))
    with pytest.raises(UnknownJob, match="there is none"):
        jobs.start("other")
    with pytest.raises(UnknownTask):
        jobs.stop("other")


def test_progress_never_goes_back(jobs: Jobs) -> None:
    with JobStore(jobs.home) as store:
        task = store.add_task(store.register("notes", NOTES))
        assert store.claim(task.id, this_process())
        assert not store.claim(task.id, "another")
        store.progress(task.id, 50, "items", items=10, bytes_=100, rows=5)
        store.progress(task.id, 20, "raw", items=3, bytes_=1, rows=0)
        now = store.task(task.id)
        assert (now.percent, now.items, now.bytes, now.rows) == (50, 10, 100, 5)
        store.end(task.id, "completed")
        store.end(task.id, "failed", "too late")
        assert store.task(task.id).state == "completed"


def test_what_is_left_falls_as_work_goes_on_and_nothing_is_left_at_the_end(jobs: Jobs) -> None:
    with JobStore(jobs.home) as store:
        waiting = store.add_task(store.register("notes", NOTES))
        assert waiting.told(0)["seconds_left"] is None, "nobody can tell before it began"
        store.claim(waiting.id, this_process())
        begun = store.task(waiting.id).started_at or 0
        left = []
        for number in range(1, 10):
            store.progress(waiting.id, 10 * number, "items", items=number, bytes_=0, rows=0)
            left.append(store.task(waiting.id).told(begun + 3 * number)["seconds_left"])
        assert left == [27, 24, 21, 18, 15, 12, 9, 6, 3]
        store.end(waiting.id, "completed")
        told = store.task(waiting.id).told(begun + 30)
        assert (told["percent"], told["seconds_left"]) == (100, None)


@pytest.mark.heavy
def test_a_job_can_be_launched_from_dagsters_pages(jobs: Jobs, receiver: Receiver) -> None:
    assert job_definitions(jobs.home) == []
    jobs.register("notes", NOTES)
    from dataq_assets.definitions import build

    definitions = build(jobs.home)
    job = definitions.resolve_job_def("job_notes")
    assert job.tags["dataq/job_version"] == "1"
    with dg.DagsterInstance.ephemeral() as instance:
        result = job.execute_in_process(instance=instance)
    assert jobs.task(result.run_id).state == "completed"
    assert len(receiver.taken) == 3


@pytest.mark.heavy
def test_a_question_transforms_what_is_delivered(jobs: Jobs, receiver: Receiver) -> None:
    query = "select item_id as id, upper(source_id) as name from items"
    definition = {**NOTES.model_dump(), "query": query, "key": "id"}
    jobs.register("names", JobDefinition.model_validate(definition))
    ended = jobs.wait(jobs.start("names").id)
    assert ended.state == "completed", ended.error
    assert sorted(row["name"] for row in receiver.taken) == ["0.TXT", "1.TXT", "2.TXT"]
