"""The command on a lake in an object store: archived, searched and checked, by two machines."""

from __future__ import annotations

from pathlib import Path

import pytest

from dataq_lake.lake import open_lake
from dataq_lake.objects.path import ObjectPath
from tests.faults.stand import contents, differences, fill, halves
from tests.s3.machine import Machine
from tests.s3.seaweed import Seaweed


@pytest.fixture
def machines(seaweed: Seaweed, bucket: ObjectPath, tmp_path: Path) -> list[Machine]:
    settings = seaweed.environment()
    return [Machine(tmp_path / name, str(bucket), settings) for name in ("one", "two")]


def test_one_machine_archives_and_another_searches(machines: list[Machine], tmp_path: Path) -> None:
    one, two = machines
    one.source("s", fill(tmp_path / "source"))
    one.dataq("run")
    assert not (one.home / "lake").exists(), "the lake is elsewhere"
    assert "Note 1" in two.dataq("search", "--json", "note heron")
    (id_, path), *_ = [
        line.split(",")
        for line in two.dataq(
            "sql", "--format", "csv", "select id, path from assets where path like '%note1.md'"
        ).splitlines()[1:]
    ]
    assert path.endswith("note1.md")
    assert two.dataq("cat", id_) == (tmp_path / "source" / "note1.md").read_text()
    assert id_ in two.dataq("show", id_)
    assert "raw_s" in two.dataq("status")
    assert "failed" not in two.dataq("check", "--deep").replace(" 0 failed", "")
    two.dataq("snapshots", "create", "first")
    (tmp_path / "source" / "new.md").write_text("# A kingfisher\n\nBlue, and gone.\n")
    assert "1 new" in one.dataq("run")
    assert "new.md" in two.dataq("search", "kingfisher")
    assert "new.md" not in two.dataq("search", "kingfisher", "--as-of", "first")
    assert "new.md" in two.dataq("diff", "first")


@pytest.mark.heavy
def test_a_lake_in_a_store_holds_what_one_on_disk_does(
    machines: list[Machine], tmp_path: Path, s3: Seaweed
) -> None:
    """Also where two machines archive the same source at the same time."""
    source = fill(tmp_path / "source")
    alone = Machine(tmp_path / "alone", str(tmp_path / "alone" / "lake"))
    for machine in (alone, *machines):
        machine.source("s", source)
    alone.dataq("run")
    running = [machine.begin("run") for machine in machines]
    for process in running:
        _, err = process.communicate(timeout=300)
        assert process.returncode == 0, err
    lake = open_lake(machines[0].lake)
    assert halves(lake) == []
    assert differences(contents(lake), contents(open_lake(alone.lake))) == []
