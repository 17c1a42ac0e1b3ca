"""Nothing but the real daemon acts: what is new in a source arrives at a destination."""

from __future__ import annotations

from pathlib import Path

import pytest

from dataq_assets.runs.jobs import Jobs
from dataq_resources.sources import load_sources, write_source
from dataq_resources.triggers import ChangesSetting
from tests.assets.daemon import serving
from tests.destinations.receiver import Receiver
from tests.jobs.conftest import NOTES

LAUNCH = """
mutation($selector: JobOrPipelineSelector!) {
  launchRun(executionParams: {selector: $selector}) {
    __typename ... on LaunchRunSuccess { run { runId } } ... on PythonError { message }
  }
}
"""
JOBS = """{ repositoriesOrError { ... on RepositoryConnection {
  nodes { name location { name } jobs { name } } } } }"""


@pytest.mark.heavy
def test_what_is_new_is_delivered_and_a_job_is_launched_from_the_page(
    jobs: Jobs, receiver: Receiver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (source,) = load_sources(jobs.home)
    quick = source.model_copy(update={"changes": ChangesSetting(every=5)})
    write_source(jobs.home, quick, replace=True)
    jobs.register("notes", NOTES)
    with serving(jobs.home.path, tmp_path / "dev.log", monkeypatch) as daemon:
        daemon.eventually(lambda: len(receiver.taken) == 3)
        (tmp_path / "notes" / "new.txt").write_text("A note that came later.")
        daemon.eventually(lambda: len(receiver.taken) == 4)
        assert len(set(receiver.ids())) == 4

        (repository,) = [
            each
            for each in daemon.ask(JOBS)["repositoriesOrError"]["nodes"]
            if {"name": "job_notes"} in each["jobs"]
        ]
        selector = {
            "repositoryName": repository["name"],
            "repositoryLocationName": repository["location"]["name"],
            "jobName": "job_notes",
        }
        launched = daemon.ask(LAUNCH, {"selector": selector})["launchRun"]
        task = launched["run"]["runId"]
        daemon.eventually(lambda: any(each.id == task for each in jobs.tasks("notes")))
        assert jobs.wait(task).state == "completed"
        daemon.eventually(lambda: all(run.is_finished for run in daemon.runs()))
