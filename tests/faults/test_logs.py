"""Tables whose past or future this DataQ does not have: refused in a line, never written over."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pytest

from dataq_assets.mending import mend
from dataq_assets.stages.checks import index_is_current
from dataq_assets.stages.deep_check import Finding, look
from dataq_lake.errors import NoSuchVersion, TableDamaged, UpgradeDataq, VersionGone
from dataq_lake.lake import Lake, open_lake
from dataq_lake.log_entries import SCHEMA_VERSION
from dataq_resources.home import Home
from tests.lake.conftest import Rows, rows

__all__ = ["rows"]


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return open_lake(tmp_path / "lake")


def found(lake: Lake) -> list[Finding]:
    return list(look(open_lake(lake.root)))


def log_files(lake: Lake, table: str = "items") -> list[Path]:
    return sorted((lake.table(table).folder / "_delta_log").glob("*.json"))


def written(lake: Lake, rows: Rows, commits: int) -> Lake:
    """Rows 0, 1, … of raw and of items, a commit each."""
    for number in range(commits):
        ids = [f"{number:032x}"]
        lake.raw("s").append([rows("raw_s", ids)])
        lake.table("items").append([rows("items", ids)])
    return open_lake(lake.root)


def test_a_newer_table_is_refused_and_left_as_it_is(lake: Lake, rows: Rows) -> None:
    handle = written(lake, rows, 1).table("items")
    handle.delta().alter.set_table_properties({SCHEMA_VERSION: "2"}, raise_if_not_exists=False)
    before = [path.read_bytes() for path in log_files(lake)]
    for refused in (lake.table("items").count, lambda: handle.append([rows("items", ["a" * 32])])):
        with pytest.raises(UpgradeDataq, match="this DataQ knows up to 1: upgrade DataQ"):
            refused()
    with pytest.raises(UpgradeDataq):
        handle.clear()
    (finding,) = found(lake)
    assert (finding.place, finding.remedy) == ("items", "none")
    assert "upgrade DataQ" in finding.reason
    assert [path.read_bytes() for path in log_files(lake)] == before


def test_a_clock_that_goes_back_changes_no_order(lake: Lake, rows: Rows) -> None:
    """The third commit says it was made an hour before the second."""
    handle = written(lake, rows, 3).table("items")
    last = log_files(lake)[-1]
    actions = [json.loads(line) for line in last.read_text().splitlines()]
    for action in actions:
        if "commitInfo" in action:
            action["commitInfo"]["timestamp"] -= 3_600_000
    last.write_text("\n".join(map(json.dumps, actions)))
    handle = open_lake(lake.root).table("items")
    assert handle.count() == 3
    now = datetime.now(UTC)
    with pytest.raises(NoSuchVersion, match="had no version yet"):
        handle.files(as_of=now - timedelta(minutes=30))
    assert len(handle.files(as_of=now + timedelta(minutes=1))) == 3
    assert handle.append([rows("items", ["f" * 32])]).rows == 1
    assert found(lake) == [] or {each.check for each in found(lake)} == {"references_resolve"}


def test_a_log_that_was_cleaned_up_reads_from_its_checkpoint(lake: Lake, rows: Rows) -> None:
    handle = written(lake, rows, 22).table("items")
    for path in log_files(lake)[:20]:
        path.unlink()
    handle = open_lake(lake.root).table("items")
    assert handle.count() == 22
    with pytest.raises(NoSuchVersion, match="versions kept are 19 to 22"):
        handle.files(version=3)
    with pytest.raises(VersionGone, match="the versions of items before 20 were cleaned up"):
        handle.files(as_of="2020-01-01")
    assert handle.append([rows("items", ["f" * 32])]).rows == 1
    assert handle.count() == 23


@pytest.mark.parametrize("kept", [slice(3, None), slice(0, 0)])
def test_a_log_without_its_start_is_refused_not_begun_anew(
    lake: Lake, rows: Rows, kept: slice
) -> None:
    """Cleaned up further than a checkpoint reaches: nobody knows which of the rows count."""
    written(lake, rows, 5)
    files = log_files(lake)
    for path in set(files) - set(files[kept]) - {files[-1]}:
        path.unlink()
    before = sorted(lake.table("items").folder.rglob("*"))
    handle = open_lake(lake.root).table("items")
    for refused in (handle.count, lambda: handle.append([rows("items", ["f" * 32])])):
        with pytest.raises(TableDamaged, match=r"lacks version 0 .* from a backup"):
            refused()
    assert sorted(lake.table("items").folder.rglob("*")) == before
    (finding,) = found(lake)
    assert (finding.place, finding.remedy) == ("items", "none")


def test_a_hole_in_the_log_is_found(lake: Lake, rows: Rows) -> None:
    written(lake, rows, 5)
    log_files(lake)[3].unlink()
    (finding,) = found(lake)
    assert finding.place == "items"
    assert "lacks version 3 of 5" in finding.reason


@pytest.mark.parametrize("cleaned", [False, True])
def test_a_torn_checkpoint_is_found_and_read_around(lake: Lake, rows: Rows, cleaned: bool) -> None:
    """While the commits from the first on are there, they say the same."""
    handle = written(lake, rows, 22).table("items")
    (checkpoint,) = (handle.folder / "_delta_log").glob("*.checkpoint.parquet")
    checkpoint.write_bytes(checkpoint.read_bytes()[:-20])
    if cleaned:
        log_files(lake)[0].unlink()
        with pytest.raises(TableDamaged, match="a checkpoint of table items cannot be read"):
            open_lake(lake.root).table("items").count()
    else:
        assert open_lake(lake.root).table("items").count() == 22
    assert [each.place for each in found(lake)] == ["items"]
    assert "or remove it if the log has version 0" in found(lake)[0].reason


def test_a_torn_commit_is_told(lake: Lake, rows: Rows) -> None:
    written(lake, rows, 2)
    last = log_files(lake)[-1]
    last.write_bytes(last.read_bytes()[:-40])
    with pytest.raises(TableDamaged, match="version 2 of table items cannot be read"):
        open_lake(lake.root).table("items").count()
    (finding,) = found(lake)
    assert (finding.place, finding.remedy) == ("items", "none")


def test_vacuum_leaves_what_a_reader_of_now_has_opened(lake: Lake, rows: Rows) -> None:
    """Merged away while it is read: the files stay as long as their version is kept."""
    handle = written(lake, rows, 3).table("items")
    reader = handle.batches(["item_id"])
    first = next(reader)
    handle.clear()
    handle.delta().vacuum(dry_run=False)
    assert first.num_rows + sum(batch.num_rows for batch in reader) == 3
    assert len(handle.files(version=3)) == 3


def test_what_vacuum_took_from_an_old_version_is_told(lake: Lake, rows: Rows) -> None:
    """Somebody has cleaned up by force, before the 90 days were over."""
    handle = written(lake, rows, 3).table("items")
    handle.clear()
    handle.append([rows("items", ["f" * 32])])
    handle.delta().vacuum(retention_hours=0, enforce_retention_duration=False, dry_run=False)
    handle = open_lake(lake.root).table("items")
    assert handle.count() == 1
    with pytest.raises(NoSuchVersion, match="version 3 of table items is no longer whole: 3 of"):
        handle.scan(version=3)


def test_vacuum_under_a_reader_of_an_old_version_is_told(lake: Lake, rows: Rows) -> None:
    """It knew the files of its version before they went; whatever it reads says which is lost."""
    handle = written(lake, rows, 3).table("items")
    old = lake.at(handle.history()[0].time)  # the newest comes first
    assert old.table("items").count() == 3
    assert old.sql("select count(*) from items").fetchall() == [(3,)]
    frame, batches = old.table("items").scan(["item_id"]), old.table("items").batches(["item_id"])
    handle.clear()
    handle.delta().vacuum(retention_hours=0, enforce_retention_duration=False, dry_run=False)
    for read in (
        lambda: old.sql("select count(item_id) from items").fetchall(),
        lambda: lake.at(old.time).sql("select count(item_id) from items").fetchall(),
        lambda: list(old.table("items").batches(["item_id"])),
        lambda: list(batches),
    ):
        with pytest.raises(VersionGone, match="version 3 of table items was cleaned up after"):
            read()
    for lazy in (frame, old.table("items").scan(["item_id"])):  # it is read by Polars, later
        with pytest.raises(VersionGone, match="version 3 of table items was cleaned up after"):
            lazy.collect()
    assert handle.count() == 0


def test_lost_rows_of_raw_are_found_and_nothing_is_taken_away(lake: Lake, rows: Rows) -> None:
    """What was observed cannot be derived, so nothing that derives from it may go either."""
    home = Home(lake.root.parent)
    written(lake, rows, 3)
    os.truncate(lake.raw("s").files()[1], 10)
    lake.table("items").files()[0].unlink()
    findings = found(lake)
    assert {each.remedy for each in findings} == {"none", "derive"}
    assert any("from a backup" in each.advice for each in findings)
    mended = mend(home, findings)
    assert mended.done == []
    (failure,) = mended.failures
    assert failure.startswith("items not made anew, for it might not come back: raw_s/part-")
    assert mended.left == findings
    assert len(open_lake(lake.root).table("items").files()) == 3


def test_nothing_is_emptied_while_a_log_cannot_be_read(lake: Lake, rows: Rows) -> None:
    """Every derivation would end at that table, and the others stay empty."""
    written(lake, rows, 2)
    lake.table("segments").append([rows("segments", ["a" * 32])])
    lake.table("segments").files()[0].unlink()
    log_files(lake)[-1].write_bytes(b"{")
    mended = mend(Home(lake.root.parent), found(lake))
    assert mended.done == []
    assert mended.failures == [
        "segments not made anew, for it might not come back: items is damaged"
    ]
    assert len(lake.table("segments").files()) == 1


def test_a_blob_that_the_source_no_longer_has_is_left_and_told(lake: Lake, rows: Rows) -> None:
    """The damaged copy is kept: part of a film is better than none."""
    home = Home(lake.root.parent)
    blob = lake.blobs.put(b"x" * 1000)
    lake.raw("s").append([rows("raw_s", ["a" * 32], blob_uri=blob.uri)])
    lake.blobs.path(blob.uri).write_bytes(b"x" * 999)
    lake.table("items").append([rows("items", ["b" * 32])])
    mended = mend(home, found(lake))
    assert mended.done == ["no source s is configured: 1 blobs cannot be fetched again"]
    assert mended.failures == [
        f"items not made anew, for it might not come back: {blob.uri} is lost"
    ]
    assert {each.place for each in mended.left} == {blob.uri, "items"}
    assert (lake.blobs.folder / "damaged" / blob.sha256).read_bytes() == b"x" * 999
    assert lake.table("items").count() == 1


def test_the_newest_snapshot_is_told_by_its_number(lake: Lake) -> None:
    """Its row says an earlier time than the one before: the clock went back."""
    handle = lake.table("snapshots")
    for sequence, hour, segments in ((1, 12, 7), (2, 11, 0)):
        row = {
            "id": f"{sequence:032x}",
            "created_at": datetime(2026, 5, 19, hour, tzinfo=UTC),
            "manifest": json.dumps({"sequence": sequence}),
            "segments": segments,
        }
        handle.append([pa.RecordBatch.from_pylist([row], schema=handle.table.schema)])
    assert index_is_current.verdict(lake).passed, "the newest has no segments, as the lake"


@pytest.mark.parametrize("table", ["plugin_state", "deliveries", "reprocessings"])
def test_what_was_done_is_not_made_anew(lake: Lake, rows: Rows, table: str) -> None:
    """Without its record everything would be delivered, or sent by plugins, once more."""
    lake.table(table).append([rows(table, [f"{number:032x}" for number in range(3)])])
    os.truncate(lake.table(table).files()[0], 10)
    (finding,) = found(lake)
    assert (finding.remedy, "from a backup" in finding.advice) == ("none", True)
    assert mend(Home(lake.root.parent), [finding]).done == []
    assert lake.table(table).files(), "nothing was taken away"
