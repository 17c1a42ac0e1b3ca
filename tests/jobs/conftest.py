"""Homes with a source and a destination, and jobs over them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from dataq_assets.runs import jobs as processes
from dataq_assets.runs.jobs import Jobs
from dataq_resources.destinations import Destination, DestinationConfig, write_destination
from dataq_resources.home import Home
from dataq_resources.jobs.definition import JobDefinition
from dataq_resources.jobs.store import JobStore
from dataq_resources.jobs.task import OPEN
from dataq_resources.sources import SourceConfig, write_source
from tests.destinations.receiver import Receiver, receiving

NOTES = JobDefinition(sources=("notes",), destinations=("crm",))


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as started:
        yield started


@pytest.fixture
def jobs(home: Path, tmp_path: Path, receiver: Receiver) -> Iterator[Jobs]:
    """A home with the source `notes`, of three files, and the destination `crm`."""
    made = Home(home)
    made.prepare()
    (tmp_path / "notes").mkdir()
    for number in range(3):
        (tmp_path / "notes" / f"{number}.txt").write_text(f"The {number}th note about apples.")
    config = {"root": str(tmp_path / "notes")}
    write_source(made, SourceConfig(name="notes", plugin="file_scanner", config=config))
    given = {
        "plugin": "http_api",
        "table": "items",
        "config": {"url": receiver.url, "allow_private": True, "attempts": 1},
    }
    write_destination(made, Destination("crm", DestinationConfig.model_validate(given)))
    jobs = Jobs(made)
    yield jobs
    with JobStore(made) as store:
        open_ = store.tasks(states=OPEN)
    for task in open_:
        jobs.stop(task.id)
        jobs.wait(task.id)
    for child in list(processes._children):  # what a task has told is its end, but for its exit
        child.wait(300)
