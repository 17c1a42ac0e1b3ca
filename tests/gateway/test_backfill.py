"""`dataq backfill`: one run over the range, nothing twice, and mistakes that are told."""

from __future__ import annotations

import json
import os
from pathlib import Path

import dagster as dg
import pytest

from dataq_assets.runs.launch import open_instance
from dataq_gateway import cli
from dataq_resources.home import Home
from dataq_resources.sources import SourceConfig, write_source
from tests.gateway.rows import Command

MARCH, MAY = 1_710_000_000, 1_716_000_000  # 2024


@pytest.fixture
def place(home: Path, tmp_path: Path) -> Home:
    tree = tmp_path / "tree"
    tree.mkdir()
    for name, when in (("march", MARCH), ("may", MAY)):
        (tree / f"{name}.txt").write_text(f"A heron in {name}.\n")
        os.utime(tree / f"{name}.txt", (when, when))
    made = Home(home)
    write_source(
        made, SourceConfig(name="notes", plugin="file_scanner", config={"root": str(tree)})
    )
    return made


# Dagster's own code still reads it.
@pytest.mark.filterwarnings(
    "ignore:InitResourceContext.dagster_run is deprecated:DeprecationWarning"
)
def test_a_range_is_one_run_that_records_every_window_and_adds_nothing_twice(
    place: Home, dataq: Command
) -> None:
    told = []
    for _ in range(2):
        done = dataq("backfill", "notes", "2024-01", "2024-04", "--json")
        assert done.returncode == 0, done.stderr
        told.append(json.loads(done.stdout))
    assert [each["rows"].get("raw_notes", 0) for each in told] == [1, 0]
    assert told[0]["snapshot"]
    with open_instance(place) as instance:
        key = dg.AssetKey("raw_notes")
        assert instance.get_materialized_partitions(key) == {
            f"2024-{month:02}" for month in range(1, 5)
        }
        runs = [run for run in instance.get_runs() if run.tags.get("dataq/source") == "notes"]
        assert [run.tags["dataq/origin"] for run in runs] == ["bulk", "bulk"]


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["letters", "2024-01"], "no source is called 'letters'"),
        (["notes", "2024"], "'2024' is no monthly window: write one like "),
        (["notes", "2024-05", "2024-03"], "2024-05 comes after 2024-03"),
        (["notes", "1960-01"], "there is no window 1960-01: they are 1970-01 to "),
        (["notes", "2999-01"], "there is no window 2999-01"),
    ],
)
def test_mistakes_are_told_before_anything_runs(
    place: Home, capsys: pytest.CaptureFixture[str], words: list[str], reason: str
) -> None:
    assert cli.run(["backfill", *words]) == 1
    assert reason in capsys.readouterr().err
    assert not (place.dagster / "runs.db").exists()
