"""`dataq run` as a function: real plugins, a real instance, from files to the search index."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest
from dagster import AssetKey, DagsterEventType, DagsterInstance
from dagster._core.storage.event_log.base import AssetRecord

from dataq_assets.runs import check, run, running
from dataq_assets.runs.launch import open_instance
from dataq_assets.runs.news import News, ask_all
from dataq_assets.runs.session import Session
from dataq_lake.lake import Lake, open_lake
from dataq_lake.search import search
from dataq_resources.errors import UnknownSource
from dataq_resources.home import Home
from dataq_resources.progress import Progress
from dataq_resources.sources import SourceConfig, write_source

LETTER = b"Message-ID: <1@x>\nFrom: ana@x\nTo: jon@x\nSubject: well\n\nThere is a spider.\n"


@pytest.fixture
def files(tmp_path: Path) -> Path:
    folder = tmp_path / "files"
    folder.mkdir()
    (folder / "heron.md").write_text("# Herons\n\nA heron stands in the river.\n")
    (folder / "letter.eml").write_bytes(LETTER)
    (folder / "empty.txt").write_bytes(b"")
    return folder


@pytest.fixture
def place(home: Path, files: Path) -> Home:
    found = Home(home)
    scanner = SourceConfig(name="docs", plugin="file_scanner", config={"root": str(files)})
    write_source(found, scanner)
    return found


def selections(place: Home, run_ids: Sequence[str]) -> list[list[str]]:
    """What each of these runs was of: assets, or checks alone."""
    with open_instance(place) as instance:
        runs = [instance.get_run_by_id(each) for each in run_ids]
    chosen = [each.asset_selection or each.asset_check_selection or () for each in runs if each]
    return [sorted(key.to_user_string() for key in keys) for keys in chosen]


def lake_of(place: Home) -> Lake:
    return open_lake(place.lake)


def test_whole_way_and_an_empty_run(place: Home, files: Path) -> None:
    seen: list[Progress] = []
    outcome = run(place, on_progress=seen.append)
    assert outcome.failures == []
    assert (outcome.rows["raw_docs"], outcome.rows["items"], outcome.rows["messages"]) == (3, 2, 1)
    assert outcome.rows["quarantine"] == 1
    (hit, *_) = search(lake_of(place), "heron in the river", 3)
    assert hit.path == "heron.md"
    assert {each.stage for each in seen} >= {"raw", "items", "texts"}

    # Files written within two seconds of being read are looked at once more.
    time.sleep(2.1)  # on a quick machine the second look would come too soon as well
    again = run(place)
    assert again.ok
    assert not any(again.rows.values())
    nothing = run(place)
    assert nothing.ok
    assert not any(nothing.rows.values())
    assert len(selections(place, nothing.run_ids)) == 1
    with open_instance(place) as instance:
        extraction, derivation = (instance.get_run_by_id(each) for each in outcome.run_ids)
        assert extraction.asset_selection == {AssetKey("raw_docs")}
        assert {AssetKey("items"), AssetKey("snapshots")} <= derivation.asset_selection
        counted = {"raw_docs": 3, "items": 2, "messages": 1} | {
            f"quarantine/rejected_{name}": rows
            for name, rows in (("items", 1), ("members", 0), ("texts", 0))
        }
        for name, rows in counted.items():
            key = AssetKey.from_user_string(name)
            last = instance.get_latest_materialization_event(key).asset_materialization
            assert last.metadata["dagster/row_count"].value == rows, name

    everything: list[Progress] = []
    full = run(place, on_progress=everything.append, full=True)
    assert full.ok
    assert not any(full.rows.values())
    assert max(each.done for each in everything if each.stage == "raw") == 3

    (files / "heron.md").write_text("# Herons\n\nThe heron has flown.\n")
    (files / "letter.eml").unlink()
    third = run(place)
    assert third.ok
    assert (third.rows["raw_docs"], third.rows["items"]) == (2, 1)
    assert search(lake_of(place), "spider", 3, mode="text") == []


def test_plugins_answer_before_the_rest_where_dagster_is_loaded(
    place: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: dict[str, Future[News]] = {}
    answered: list[bool] = []

    def asking(*given: Any) -> dict[str, Future[News]]:
        asked.update(ask_all(*given))
        return asked

    def beginning(*given: Any) -> Session:
        answered.extend(each.done() for each in asked.values())
        return Session(*given)

    monkeypatch.setattr(running, "PLUGINS_FIRST_SECONDS", 60)
    monkeypatch.setattr(running, "ask_all", asking)
    monkeypatch.setattr(running, "Session", beginning)
    assert run(place).ok
    assert answered == [True]


def test_a_verdict_says_which_materialization_it_is_of(
    place: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    fetch = DagsterInstance.get_asset_records

    def counted(self: DagsterInstance, keys: Sequence[AssetKey]) -> Sequence[AssetRecord]:
        asked.append(len(keys))
        return fetch(self, keys)

    assert run(place).ok
    monkeypatch.setattr(DagsterInstance, "get_asset_records", counted)
    outcome = check(place)
    monkeypatch.undo()
    assert outcome.ok
    assert [many for many in asked if many] == [len({each.asset for each in outcome.checks})]
    with open_instance(place) as instance:
        kind = DagsterEventType.ASSET_CHECK_EVALUATION
        (run_id,) = outcome.run_ids
        records = instance.get_records_for_run(run_id, of_type=kind).records
        assert len(records) == len(outcome.checks) > 10
        for record in records:
            evaluation = record.event_log_entry.asset_check_evaluation
            assert evaluation is not None
            latest = instance.get_latest_materialization_event(evaluation.asset_key)
            target = evaluation.target_materialization_data
            assert (target and target.run_id) == (latest and latest.run_id)


def test_unknown_names_are_refused(place: Home) -> None:
    with pytest.raises(UnknownSource, match="no source is called 'nowhere'; there is docs"):
        run(place, ["nowhere"])


def test_one_broken_source_does_not_take_the_others_down(place: Home, files: Path) -> None:
    broken = place.sources / "broken" / "defs.yaml"
    broken.parent.mkdir()
    broken.write_text("type: dataq_assets.components.SourcePlugin\nattributes:\n  name: broken\n")
    missing = SourceConfig(name="gone", plugin="file_scanner", config={"root": str(files / "no")})
    write_source(place, missing)
    outcome = run(place)
    assert not outcome.ok
    assert outcome.rows["items"] == 2
    assert {failure.where for failure in outcome.failures} == {"broken", "gone"}
    assert all("\n" not in failure.reason for failure in outcome.failures)
    (first,) = [failure for failure in outcome.failures if failure.where == "broken"]
    assert "defs.yaml:2: attributes: give either plugin or command" in first.reason


def test_checks_can_be_run_alone_and_find_what_is_wrong(place: Home) -> None:
    assert run(place).ok
    assert check(place).ok
    lake = lake_of(place)
    from dataq_lake.difference import Difference

    (row, *_) = lake.table("items").scan(["item_id"]).collect()["item_id"]
    lake.table("items").apply(Difference(gone=[row]))
    outcome = check(place)
    assert any("accounting" in failure.where for failure in outcome.failures)


def test_killed_run_is_reported_and_its_work_completed(place: Home, files: Path) -> None:
    from dagster import DagsterRunStatus, RunsFilter

    from dataq_assets.runs.launch import open_instance

    for number in range(40):
        (files / f"{number}.txt").write_text(f"note number {number}\n")
    code = (
        "import os, signal\n"
        "from dataq_assets.runs import run\n"
        "from dataq_resources.home import home_from_environment\n"
        "def stop(progress):\n"
        "    if progress.stage == 'items': os.kill(os.getpid(), signal.SIGKILL)\n"
        "run(home_from_environment(), on_progress=stop)\n"
    )
    ended = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True)
    assert ended.returncode == -signal.SIGKILL

    outcome = run(place)
    assert outcome.failures == []
    assert len(lake_of(place).table("items").scan().collect()) == 42
    instance: DagsterInstance = open_instance(place)
    failed = instance.get_runs(RunsFilter(statuses=[DagsterRunStatus.FAILURE]))
    assert len(failed) == 1
    assert not instance.get_runs(RunsFilter(statuses=[DagsterRunStatus.STARTED]))
    instance.dispose()


SLEEPER = """
import sys, time
from dataq_plugins.sdk import Item, Plugin, serve

class Sleeper(Plugin):
    '''Sleeps, then sends one item.'''
    id = "sleeper"
    version = "1"

    def extract(self, window, state, full):
        time.sleep(2)
        yield Item("only", b"slept well", timestamp=1_700_000_000)

serve(Sleeper)
"""


def test_sources_extract_side_by_side(home: Path, tmp_path: Path) -> None:
    place = Home(home)
    script = tmp_path / "sleeper.py"
    script.write_text(SLEEPER)
    for name in ("one", "two", "three"):
        write_source(place, SourceConfig(name=name, command=(sys.executable, str(script))))
    begun = time.monotonic()
    times: dict[str, float] = {}
    outcome = run(
        place,
        on_progress=lambda each: times.setdefault(each.source or "", time.monotonic() - begun),
    )
    assert outcome.failures == []
    assert outcome.rows["items"] == 3
    arrivals = sorted(times[name] for name in ("one", "two", "three"))
    assert arrivals[-1] - arrivals[0] < 2


def test_run_leaves_no_process_behind(place: Home) -> None:
    import psutil

    before = {child.pid for child in psutil.Process(os.getpid()).children(recursive=True)}
    run(place)
    after = {child.pid for child in psutil.Process(os.getpid()).children(recursive=True)}
    assert after <= before
