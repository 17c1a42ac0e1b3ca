"""What a data engineer sees and does in Dagster's pages: the real server, daemon and Chromium.

One story and one server, for to start them takes longer than all the rest.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from dagster import DagsterRun

from dataq_assets.runs.jobs import Jobs
from dataq_resources.home import Home
from dataq_resources.jobs.definition import JobDefinition
from dataq_resources.sources import SourceConfig, write_source
from dataq_resources.triggers import ChangesSetting, ClockSetting
from docs.browser import browser, program
from tests.assets.daemon import Daemon, serving
from tests.conftest import absent
from tests.ui.screen import Screen, kept

START, END = "dagster/asset_partition_range_start", "dagster/asset_partition_range_end"
PARTITION = "dagster/partition"
GROUPS = ("raw", "items", "assets", "segments", "embeddings", "indexes", "maintenance")
OPEN_ALL_GROUPS = "{key: 'e', code: 'KeyE', altKey: true, bubbles: true}"  # its shortcut
WINDOWS = "input[placeholder^='ex: ']"
TORN = """
import sys
print("ERROR: the cable is unplugged", file=sys.stderr, flush=True)
sys.exit(3)
"""


@pytest.fixture
def place(home: Path, tmp_path: Path) -> Home:
    """Letters of three months, notes that the daemon watches, and a source whose plugin fails."""
    if program() is None:
        absent("browser", "there is no Chromium on PATH")
    place = Home(home)
    place.prepare()
    letters, notes = tmp_path / "letters", tmp_path / "notes"
    for tree in (letters, notes):
        tree.mkdir()
    for month in (1, 2, 3):
        letter = letters / f"{month}.txt"
        letter.write_text(f"A letter about the heron, the {month}th of the year.\n")
        then = datetime(2024, month, 10, tzinfo=UTC).timestamp()
        os.utime(letter, (then, then))
    (letters / "now.txt").write_text("A letter of today.\n")
    (notes / "note.txt").write_text("A kingfisher under the bridge.\n")
    torn = tmp_path / "torn.py"
    torn.write_text(TORN)
    off = ChangesSetting(enabled=False)
    for source in (
        SourceConfig(
            name="letters",
            plugin="file_scanner",
            config={"root": str(letters)},
            since="2020-01-01",
            description="Letters of the family.",
            owners=("ann@example.org",),
            changes=off,
            schedules=(ClockSetting(cron="0 6 * * mon", timezone="Europe/Berlin"),),
        ),
        SourceConfig(
            name="notes",
            plugin="file_scanner",
            config={"root": str(notes)},
            changes=ChangesSetting(every=5),
        ),
        SourceConfig(name="torn", command=(sys.executable, str(torn)), changes=off),
    ):
        write_source(place, source)
    return place


@pytest.fixture
def daemon(place: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Daemon]:
    with serving(place.path, tmp_path / "dev.log", monkeypatch) as daemon:
        daemon.eventually(lambda: daemon.ask("{ version }"))
        yield daemon


@pytest.fixture
def screen(daemon: Daemon) -> Iterator[Screen]:
    with browser() as page:
        yield Screen(page, daemon.url)


@pytest.mark.heavy
def test_a_data_engineer_sees_and_does(
    screen: Screen, daemon: Daemon, place: Home, tmp_path: Path
) -> None:
    with kept(screen, tmp_path):
        lineage(screen)
        an_asset_explains_itself(screen)
        materialize(screen, daemon)
        backfill(screen, daemon)
        failure(screen, daemon)
        ticks(screen, tmp_path / "notes")
        checks(screen)
        jobs(screen, place)


def lineage(screen: Screen) -> None:
    screen.open("/asset-groups", "Global asset lineage", *GROUPS)
    screen.page.value(f"document.dispatchEvent(new KeyboardEvent('keydown', {OPEN_ALL_GROUPS}))")
    screen.shows("raw_letters", "raw_notes", "raw_torn", "entities", "snapshots", "compaction")


def an_asset_explains_itself(screen: Screen) -> None:
    screen.open(
        "/assets/raw_letters",
        "Letters of the family.",
        "ann@example.org",
        "Delta Lake",
        "At 06:00 AM GMT",  # in Berlin, of its schedule
        "file_scanner",
        "SHA-256 of the bytes",  # what a column holds
    )
    screen.open("/assets/segments", "Units of meaning", "texts", "embeddings", "automation")


def launch(screen: Screen, source: str, windows: str, chosen: str, button: str) -> None:
    """Clicks through the dialog by which an asset is materialized."""

    def begin() -> None:
        screen.open(f"/assets/raw_{source}", "Materialize…", "Owners")
        screen.click("Materialize…")

    def choose() -> None:  # until the dialog knows the windows, a choice is one of none
        screen.click("Custom" if windows else "Latest")
        if windows:
            screen.page.type_over(WINDOWS, windows)
            screen.page.press_enter()

    screen.shows_by(begin, choose, chosen)
    screen.click(button)
    screen.gone("Launch runs to materialize")


def the_run(daemon: Daemon, source: str, first: str) -> DagsterRun:
    """The run whose windows begin with `first`, once it is there."""

    def mine() -> list[DagsterRun]:
        runs = daemon.runs(f"raw_{source}")
        return [run for run in runs if first in (run.tags.get(START), run.tags.get(PARTITION))]

    return daemon.eventually(mine)[0]


def materialize(screen: Screen, daemon: Daemon) -> None:
    """The newest window, by hand."""
    now = time.strftime("%Y-%m", time.gmtime())
    launch(screen, "letters", "", "1 partition", "Launch 1 run")
    run = the_run(daemon, "letters", now)
    screen.open(f"/runs/{run.run_id}")
    screen.comes_to_show("Success", "raw_letters", "MATERIALIZATION")
    screen.open("/assets/raw_letters?view=partitions")
    screen.comes_to_show("Materialized (1)")


def backfill(screen: Screen, daemon: Daemon) -> None:
    """A range of windows is one run."""
    launch(screen, "letters", "[2024-01...2024-03]", "3 partitions", "Launch backfill")
    run = the_run(daemon, "letters", "2024-01")
    assert run.tags[END] == "2024-03"
    screen.open(f"/runs/{run.run_id}")
    screen.comes_to_show("Success", "raw_letters", "MATERIALIZATION")
    screen.open("/assets/raw_letters?view=partitions")
    screen.comes_to_show("Materialized (4)")


def failure(screen: Screen, daemon: Daemon) -> None:
    """One error that names source, plugin and operation."""
    launch(screen, "torn", "", "1 partition", "Launch 1 run")
    run = daemon.eventually(lambda: daemon.runs("raw_torn"))[0]
    screen.open(f"/runs/{run.run_id}")
    reason = "torn.py, describe: ended with exit code 3: the cable is unplugged"
    seen = screen.comes_to_show("STEP_FAILURE", "RUN_FAILURE", reason)
    assert "source torn, plugin " in seen
    assert "Errored (1)" in seen


def ticks(screen: Screen, notes: Path) -> None:
    """The sensor of a source asks for a run when something has changed."""
    screen.open("/automation", "notes_changes", "letters_schedule_1", "automation", "compaction")
    screen.open("/locations/dataq/sensors/notes_changes", "Asks notes which windows have changed")
    (notes / "new.txt").write_text("Two kingfishers under the bridge.\n")
    screen.comes_to_show("1 run requested")


def checks(screen: Screen) -> None:
    """What the daemon has derived is looked at as well."""
    screen.open("/assets/items?view=checks", "accounting", "Every distinct upsert of raw")
    screen.comes_to_show("Evaluation result", "Passed", "quarantined")


def jobs(screen: Screen, place: Home) -> None:
    """One that was registered meanwhile is there after a reload."""
    Jobs(place).register("weekly", JobDefinition(sources=("letters",), description="Each week."))
    screen.open("/jobs", "reprocess")
    screen.open("/asset-groups", "Reload definitions")
    screen.click("Reload definitions")
    screen.shows("Definitions reloaded")
    screen.open("/jobs")
    screen.comes_to_show("job_weekly")
    screen.open("/locations/dataq/jobs/job_weekly", "task_of_weekly", "Each week.")
