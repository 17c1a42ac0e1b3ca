"""Nothing but the real daemon acts: what changes in a source becomes searchable."""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from dagster import DagsterRun, DagsterRunStatus

from dataq_lake.lake import open_lake
from dataq_lake.search import search
from dataq_resources.home import Home
from dataq_resources.processes import PROCESS_TAG
from dataq_resources.sources import SourceConfig, write_source
from dataq_resources.triggers import (
    BackfillSetting,
    ChangesSetting,
    ClockSetting,
    RetrySetting,
)
from tests.assets.daemon import Daemon, serving
from tests.assets.test_failures import Receiver, declare

START, END = "dagster/asset_partition_range_start", "dagster/asset_partition_range_end"
FIVE_YEARS = 5 * 365 * 86_400


def found(place: Home, words: str) -> bool:
    lake = open_lake(place.lake)
    if not (place.lake / "tables").is_dir() or not lake.table("snapshots").exists:
        return False
    return any(hit.path for hit in search(lake, words, 5, mode="text"))


@pytest.mark.heavy
def test_an_old_file_in_one_of_two_sources_becomes_searchable(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = Home(home)
    place.prepare()
    for name in ("left", "right"):
        tree = tmp_path / name
        tree.mkdir()
        (tree / "note.txt").write_text(f"A heron on the {name} bank.\n")
        source = SourceConfig(
            name=name,
            plugin="file_scanner",
            config={"root": str(tree)},
            changes=ChangesSetting(every=5),
        )
        write_source(place, source)
    with serving(home, tmp_path / "dev.log", monkeypatch) as daemon:
        daemon.eventually(lambda: found(place, "left") and found(place, "right"))

        old = tmp_path / "right" / "old.txt"
        old.write_text("A kingfisher under the bridge.\n")
        then = time.time() - FIVE_YEARS
        os.utime(old, (then, then))
        daemon.eventually(lambda: found(place, "kingfisher"))

        window = time.strftime("%Y-%m", time.gmtime(then))
        begun = [
            run
            for run in daemon.runs("raw_right")
            if run.tags[START] == window and run.parent_run_id is None
        ]
        assert len(begun) == 1
        assert PROCESS_TAG in begun[0].tags  # it was forked
        daemon.eventually(lambda: all(run.is_finished for run in daemon.runs()))

        read = runs_of_texts(place)
        launched = daemon.ask(REPROCESS, {"selector": asset_job(daemon)})["launchRun"]
        taken = launched["run"]["runId"]
        daemon.eventually(lambda: len(runs_of_texts(place) - read) == 1)
        assert taken not in runs_of_texts(place), "what follows from raw was run by itself"
        daemon.eventually(lambda: all(run.is_finished for run in daemon.runs()))
        assert runs_of_texts(place).isdisjoint(read)
        assert found(place, "kingfisher")


def runs_of_texts(place: Home) -> set[str]:
    """The runs that have made the texts that there are."""
    return set(open_lake(place.lake).table("texts").scan(["run_id"]).collect()["run_id"])


def asset_job(daemon: Daemon) -> dict[str, Any]:
    """The page's words for the asset that takes away what is to be derived again."""
    (repository,) = [
        each
        for each in daemon.ask(JOBS)["repositoriesOrError"]["nodes"]
        if {"name": "reprocess"} in each["jobs"]
    ]
    return {
        "repositoryName": repository["name"],
        "repositoryLocationName": repository["location"]["name"],
        "jobName": "__ASSET_JOB",
        "assetSelection": [{"path": ["maintenance", "reprocess"]}],
    }


REPROCESS = """
mutation($selector: JobOrPipelineSelector!) {
  launchRun(executionParams: {selector: $selector, runConfigData:
    {ops: {maintenance__reprocess: {config: {analyzer: "text"}}}}}) {
    __typename ... on LaunchRunSuccess { run { runId } } ... on PythonError { message }
  }
}
"""
JOBS = """{ repositoriesOrError { ... on RepositoryConnection {
  nodes { name location { name } jobs { name } } } } }"""
BACKFILL = """
mutation($keys: [AssetKeyInput!]!, $names: [String!]!) {
  launchPartitionBackfill(backfillParams: {assetSelection: $keys, partitionNames: $names}) {
    __typename ... on PythonError { message }
  }
}
"""


@pytest.mark.heavy
def test_a_schedule_a_backfill_schedule_and_a_range_from_the_page(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = Home(home)
    place.prepare()
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "note.txt").write_text("A heron.\n")
    source = SourceConfig(
        name="notes",
        plugin="file_scanner",
        config={"root": str(tree)},
        changes=ChangesSetting(enabled=False),
        schedules=(ClockSetting(cron="* * * * *", timezone="Europe/Berlin"),),
        backfill=(BackfillSetting(cron="* * * * *", timezone="Asia/Tokyo", windows=3),),
    )
    write_source(place, source)
    with serving(home, tmp_path / "dev.log", monkeypatch) as daemon:

        def good(name: str, value: str) -> list[DagsterRun]:
            return [
                run
                for run in daemon.runs("raw_notes")
                if run.tags.get(name) == value and run.status is DagsterRunStatus.SUCCESS
            ]

        clock = daemon.eventually(lambda: good("dagster/schedule_name", "notes_schedule_1"))[0]
        back = daemon.eventually(lambda: good("dagster/schedule_name", "notes_backfill_1"))[0]
        assert clock.tags[START] == clock.tags[END]
        assert months_between(back.tags[START], back.tags[END]) == 2

        names = [f"2019-{month:02}" for month in range(1, 13)]
        asked = {"keys": [{"path": ["raw_notes"]}], "names": names}
        told = daemon.ask(BACKFILL, asked)["launchPartitionBackfill"]
        assert told["__typename"] == "LaunchBackfillSuccess", told
        daemon.eventually(lambda: good(START, "2019-01"))
        assert [run.tags[END] for run in good(START, "2019-01")] == ["2019-12"]
        assert good(START, "2019-02") == []


@pytest.mark.heavy
def test_a_scheduled_run_that_fails_is_tried_twice_more_and_then_told(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = Home(home)
    place.prepare()
    source = SourceConfig(
        name="broken",
        command=(sys.executable, "-c", "raise SystemExit('the orchard is closed')"),
        changes=ChangesSetting(enabled=False),
        retries=RetrySetting(times=1, seconds=1),
        schedules=(ClockSetting(cron="* * * * *"),),
    )
    write_source(place, source)
    receiver = Receiver()
    declare(home, "ops", channel="webhook", url=receiver.url)
    try:
        with serving(home, tmp_path / "dev.log", monkeypatch) as daemon:
            daemon.eventually(lambda: receiver.came)
            told = json.loads(receiver.came[0][1])
            runs = {run.run_id: run for run in daemon.runs("raw_broken")}
            last = runs[told["run_id"]]
            assert (told["source"], told["origin"]) == ("broken", "schedule")
            assert last.tags["dagster/retry_number"] == "2"
            chain = [run for run in runs.values() if run.root_run_id == last.root_run_id]
            assert len(chain) == 2
            assert last.root_run_id in runs
            for run in chain:
                assert len(daemon.retries(run.run_id)) == 1, (
                    "within the run, by the source's policy"
                )
    finally:
        receiver.close()


def months_between(first: str, last: str) -> int:
    (year, month), (later, end) = (map(int, each.split("-")) for each in (first, last))
    return (later - year) * 12 + end - month
