"""A lazy frame is read later than it is made: what keeps its files, and what it says without."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from dataq_gateway.cli import explain
from dataq_lake import held_files
from dataq_lake.cleaning import RETENTION, vacuum
from dataq_lake.errors import REPAIR, ContentLost, VersionGone
from dataq_lake.lake import Lake, open_lake
from dataq_lake.snapshots import create
from tests.lake.conftest import Rows

NONE = timedelta(0)
LATER = datetime.now(UTC) + 2 * RETENTION
pytestmark = [
    pytest.mark.usefixtures("engine"),
    pytest.mark.engines("delta", "file", "encrypted", "postgres", heavy=("file", "postgres")),
]


@pytest.fixture
def lake(lake: Lake, rows: Rows) -> Lake:
    """Three rows in two files."""
    handle = lake.table("quarantine")
    handle.append([rows("quarantine", ["a", "b"])])
    handle.append([rows("quarantine", ["c"])])
    return lake


def replaced(lake: Lake, rows: Rows) -> None:
    """The rows are gone, another is there: nothing of now needs the files of before."""
    handle = lake.table("quarantine")
    handle.clear()
    handle.append([rows("quarantine", ["z"])])


def test_a_frame_that_outlived_its_version_says_so(
    lake: Lake, rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(held_files, "STORE_SECONDS", 0)
    handle = lake.table("quarantine")
    version, frame = handle.version(), handle.scan(["id"])
    joined = pl.concat([frame, frame]).join(frame, on="id").filter(pl.col("id") == "a")
    assert (frame.collect().height, joined.collect().height) == (3, 2)
    replaced(lake, rows)
    assert frame.collect().height == 3, "nobody has cleaned up yet"
    assert vacuum(handle, NONE, NONE, LATER).files >= 2
    told = rf"version {version} of table quarantine was cleaned up .*2 of its 2 files"
    for late in (frame, joined):
        for engine in ("in-memory", "streaming"):
            with pytest.raises(VersionGone, match=told) as refused:
                late.collect(engine=engine)
    assert "\n" not in explain(refused.value), "the plan that Polars was at is for nobody"
    assert handle.scan(["id"]).collect()["id"].to_list() == ["z"]


def test_the_retention_and_a_named_snapshot_keep_what_a_frame_reads(lake: Lake, rows: Rows) -> None:
    handle = lake.table("quarantine")
    create(lake, "report")
    kept, recent = lake.at("report").table("quarantine").scan(["id"]), handle.scan(["id"])
    replaced(lake, rows)
    vacuum(handle, RETENTION, NONE, datetime.now(UTC) + RETENTION - timedelta(hours=1))
    assert sorted(recent.collect()["id"]) == ["a", "b", "c"]
    vacuum(handle, RETENTION, NONE, LATER)
    assert sorted(kept.collect()["id"]) == ["a", "b", "c"]


@pytest.mark.engines("delta")
def test_a_file_that_nobody_may_remove_is_damage(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(held_files, "STORE_SECONDS", 0)
    frame = lake.table("quarantine").scan()
    lake.table("quarantine").files()[0].unlink()
    with pytest.raises(
        ContentLost, match=r"belongs to its newest version, \d, but is gone"
    ) as refused:
        frame.collect()
    assert REPAIR in str(refused.value)


@pytest.mark.engines("delta")
def test_only_what_is_asked_for_is_read(lake: Lake) -> None:
    """The look at the files stands in the way of no optimization."""
    handle = open_lake(lake.root).table("quarantine")
    plan = handle.scan().filter(pl.col("id") == "a").select("state").explain()
    assert "2/" in plan
    assert "FILTER" not in plan
