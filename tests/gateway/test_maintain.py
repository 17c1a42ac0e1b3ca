"""`dataq maintain` and `dataq upgrade`, as people and programs use them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from dataq_gateway.commands.maintain import TASKS
from dataq_lake.lake import open_lake
from dataq_lake.maintenance.task import tasks
from dataq_resources.home import Home
from dataq_resources.locks import locked
from tests.gateway.rows import Command
from tests.lake.conftest import Rows, rows

__all__ = ["rows"]
OLD = Path(__file__).resolve().parents[1] / "lake" / "fixtures" / "snapshots_1"


@pytest.fixture
def small_files(home: Path, rows: Rows) -> Path:
    for number in range(6):
        open_lake(Home(home).lake).table("items").append([rows("items", [f"{number:032x}"])])
    return home


@pytest.fixture
def old(home: Path) -> Path:
    shutil.copytree(OLD, Home(home).lake)
    return home


def test_the_command_names_every_task() -> None:
    assert tuple(each.name for each in tasks()) == TASKS


def test_maintain_does_all_and_tells_each(small_files: Path, dataq: Command) -> None:
    dry = dataq("maintain", "compaction", "--dry-run")
    assert "compaction: would do: 6 files merged" in dry.stdout
    told = dataq("maintain").stdout
    assert "compaction: 6 files merged" in told
    assert "(6 files, " in told
    assert "vacuum: nothing to do" in told
    found = json.loads(dataq("maintain", "compaction", "--json").stdout)
    (report,) = found["tasks"]
    assert (report["task"], report["complete"], report["after"]["files"]) == ("compaction", True, 1)


def test_maintain_says_when_it_ended_early(small_files: Path, dataq: Command) -> None:
    told = dataq("maintain", "compaction", "--seconds", "0.000001")
    assert "run it again for the rest" in told.stdout


def test_wrong_words_are_told(small_files: Path, dataq: Command) -> None:
    assert dataq("maintain", "everything").returncode == 2
    wrong = dataq("maintain", "--bytes", "lots")
    assert wrong.returncode == 1
    assert "'lots' is no size" in wrong.stderr


def test_an_old_lake_is_upgraded_by_hand(old: Path, dataq: Command) -> None:
    dry = json.loads(dataq("upgrade", "--dry-run", "--json").stdout)
    assert dry["dry_run"]
    assert [(each["table"], each["before"], each["after"]) for each in dry["tables"]] == [
        ("snapshots", 1, 2)
    ]
    refused = dataq("snapshots", "create", "now")
    assert refused.returncode == 1
    assert "run `dataq upgrade`" in refused.stderr
    with locked(Home(old).locks, "source_notes"):
        busy = dataq("upgrade")
    assert busy.returncode == 1
    assert "source_notes is in use by process" in busy.stderr
    done = dataq("upgrade").stdout
    assert "snapshots: 1 to 2, 2 rows (snapshots_0002_sequence): done" in done
    assert dataq("upgrade").stdout == "nothing to upgrade\n"
    assert dataq("snapshots", "create", "now").returncode == 0


def test_a_run_refuses_an_old_lake(old: Path, tmp_path: Path, dataq: Command) -> None:
    folder = tmp_path / "files"
    folder.mkdir()
    config = f"root={folder}"
    add = ("sources", "add", "f", "--plugin", "file_scanner", "--config", config)
    assert dataq(*add).returncode == 0
    refused = dataq("run")
    assert refused.returncode == 1
    assert "the lake was written by an older DataQ (snapshots)" in refused.stderr
