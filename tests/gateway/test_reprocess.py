"""`dataq reprocess`: from the command line and from Dagster's page, and what it refuses."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from dataq_assets.definitions import build
from dataq_assets.runs import run
from dataq_assets.runs.launch import open_instance
from dataq_gateway import cli
from dataq_lake.lake import Lake, open_lake
from dataq_lake.search import search
from dataq_resources.home import Home
from dataq_resources.sources import SourceConfig, write_source

# Dagster itself still reads it.
pytestmark = pytest.mark.filterwarnings(
    "ignore:InitResourceContext.dagster_run is deprecated:DeprecationWarning"
)
DERIVED = ("items", "assets", "entities", "texts", "analyses", "segments", "embeddings")


@pytest.fixture
def place(home: Path, tmp_path: Path) -> Home:
    tree = tmp_path / "tree"
    tree.mkdir()
    for name in ("heron", "spider"):
        (tree / f"{name}.md").write_text(f"# A {name}\n\nIt stands in the river.\n")
    made = Home(home)
    write_source(
        made, SourceConfig(name="notes", plugin="file_scanner", config={"root": str(tree)})
    )
    return made


def dataq(*words: str) -> Any:
    command = [sys.executable, "-m", "dataq_gateway", *words, "--json"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def keys(lake: Lake) -> dict[str, list[tuple[Any, ...]]]:
    """What the derived tables have, without who wrote it and when."""
    tables = {name: lake.table(name) for name in DERIVED}
    return {
        name: sorted(table.scan(list(table.table.key)).collect().rows())
        for name, table in tables.items()
    }


def test_all_of_a_source_from_the_command_line(
    place: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(place).failures == []
    lake = open_lake(place.lake)
    before, version = keys(lake), lake.table("texts").version()

    assert cli.run(["reprocess", "--source", "notes", "--dry-run", "--json"]) == 0
    counted = {"items": 2, "assets": 2, "contents": 2, "texts": 2, "segments": 2}
    assert json.loads(capsys.readouterr().out) == {"dry_run": True, **counted}
    assert lake.table("texts").version() == version

    told = dataq("reprocess", "--source", "notes", "--from", "2020-01")
    assert (told["ok"], told["rows"]["items"], told["rows"]["texts"]) == (True, 2, 2)
    assert told["rows"].get("embeddings", 0) == 0, "what is the same needs no new vector"
    assert keys(lake) == before
    assert lake.table("texts").scan(["id"], version=version).collect().height == 2
    assert {hit.path for hit in search(lake, "river")} == {"heron.md", "spider.md"}


def test_the_job_of_dagsters_page_takes_away_and_derives_in_one_run(place: Home) -> None:
    assert run(place).failures == []
    lake = open_lake(place.lake)
    before = keys(lake)
    given = {"source": "notes", "analyzer": "markdown"}
    with open_instance(place) as instance:
        job = build(place).resolve_job_def("reprocess")
        config = {"ops": {"maintenance__reprocess": {"config": given}}}
        result = job.execute_in_process(instance=instance, run_config=config)
        shown = result.asset_materializations_for_node("maintenance__reprocess")[0].metadata
        assert (shown["contents"].value, shown["segments"].value) == (2, 2)
        runs = {row["run_id"] for row in lake.table("texts").scan(["run_id"]).collect().to_dicts()}
        assert runs == {result.run_id}
        checks = result.get_asset_check_evaluations()
        assert checks and all(each.passed for each in checks)
    assert keys(lake) == before
    (row,) = lake.table("reprocessings").scan().collect().to_dicts()
    assert (row["state"], row["run_id"], row["texts"]) == ("done", result.run_id, 2)


def test_among_all_assets_it_takes_nothing_away(place: Home) -> None:
    """Whoever materializes everything in Dagster's page gives it no config."""
    assert run(place).failures == []
    lake = open_lake(place.lake)
    before = lake.table("texts").version()
    with open_instance(place) as instance:
        done = build(place).resolve_job_def("reprocess").execute_in_process(instance=instance)
        assert done.success
    assert lake.table("texts").version() == before
    assert not lake.table("reprocessings").exists


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ([], "say what to derive again: a source, an analyzer, or both"),
        (["--source", "letters"], "no source is called 'letters'"),
        (["--source", "notes", "--from", "2024"], "'2024' is no monthly window"),
        (["--source", "notes", "--from", "2024-05", "--to", "2024-03"], "2024-05 comes after"),
        (["--analyzer", "papyrus"], "no analyzer is called 'papyrus'; there is calendar, code, "),
        (["--analyzer", "text", "--from", "2024-05"], "windows are those of one source"),
        (["--analyzer", "@2"], "version 2 of what?"),
    ],
)
def test_mistakes_are_told_before_anything_runs(
    place: Home, capsys: pytest.CaptureFixture[str], words: list[str], reason: str
) -> None:
    assert cli.run(["reprocess", *words]) == 1
    assert reason in capsys.readouterr().err
    assert not (place.dagster / "runs.db").exists()
