"""The log is read as the engine reads it: any version, any time, checkpoints, lost hints."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from deltalake import DeltaTable

from dataq_lake.difference import Difference
from dataq_lake.errors import ContentLost, FixTheCall, NoSuchVersion, UpgradeDataq
from dataq_lake.lake import Lake, open_lake
from dataq_lake.log import DeltaLog
from dataq_lake.table import TableHandle
from tests.lake.ages import below
from tests.lake.conftest import Rows

COMMITS = 45  # past two checkpoints


@pytest.fixture(scope="module")
def busy(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """A lake whose quarantine saw many commits: additions, replacements, removals, a merge."""
    from tests.lake.conftest import rows as rows_fixture

    make = rows_fixture.__wrapped__() if hasattr(rows_fixture, "__wrapped__") else None
    assert make is not None
    lake = open_lake(tmp_path_factory.mktemp("busy") / "lake")
    handle = lake.table("quarantine")
    for number in range(COMMITS):
        gone = [f"id-{number - 1}"] if number % 3 == 2 else []
        handle.apply(Difference([make("quarantine", [f"id-{number}"], attempts=number)], gone))
    return lake


def names(handle: TableHandle, version: int) -> set[str]:
    return {path.name for path in handle.files(version)}


def test_every_version_has_the_files_that_the_engine_says(busy: Lake) -> None:
    handle = busy.table("quarantine")
    newest = handle.version()
    assert newest is not None
    for version in range(newest + 1):
        engine = DeltaTable(str(handle.folder), version=version)
        assert names(handle, version) == {Path(uri).name for uri in engine.file_uris()}
    assert DeltaTable(str(handle.folder)).version() == newest


def test_a_fresh_reader_starts_at_the_checkpoint(busy: Lake, tmp_path: Path) -> None:
    handle = busy.table("quarantine")
    copy = tmp_path / "copy"
    shutil.copytree(handle.folder, copy)
    for path in (copy / "_delta_log").glob("*.json"):
        if int(path.stem) < 40:
            path.unlink()
    assert DeltaLog(copy).latest() == DeltaLog(handle.folder).latest()
    (copy / "_delta_log" / "_last_checkpoint").write_text("{ torn")
    assert DeltaLog(copy).latest() == DeltaLog(handle.folder).latest()
    with pytest.raises(NoSuchVersion, match="has no version 12: versions kept are 19 to"):
        DeltaLog(copy).at(12)


def test_time_travel_by_version_and_time(busy: Lake) -> None:
    handle = busy.table("quarantine")
    commits = {commit.version: commit for commit in handle.history()}
    assert handle.scan(version=2).collect()["id"].to_list() == ["id-0", "id-1"]
    assert handle.scan(version=3).collect().sort("id")["id"].to_list() == ["id-0", "id-2"]
    at = commits[2].time
    assert handle.scan(as_of=at).collect().height == 2
    assert handle.scan(as_of=at.isoformat()).collect().height == 2
    assert handle.scan(as_of="2999-01-01").collect().height == handle.count()
    with pytest.raises(NoSuchVersion, match="quarantine had no version yet at 2001"):
        handle.scan(as_of="2001-01-01")
    with pytest.raises(NoSuchVersion, match="has no version 999: versions kept are 0 to"):
        handle.scan(version=999)
    with pytest.raises(FixTheCall, match="'noon' is no time"):
        handle.scan(as_of="noon")
    with pytest.raises(FixTheCall, match="not both"):
        handle.scan(version=1, as_of="2030-01-01")


def test_history_tells_who_did_what_and_when(busy: Lake) -> None:
    newest, *_, created = busy.table("quarantine").history()
    assert datetime.now(UTC) - newest.time < timedelta(minutes=10)
    assert created.operation == "CREATE TABLE"
    assert newest.commit_id


def test_a_handle_sees_what_others_commit(lake: Lake, rows: Rows) -> None:
    mine, other = lake.table("items"), open_lake(lake.root).table("items")
    assert mine.version() is None
    other.append([rows("items", ["a"])])
    assert (mine.version(), mine.count()) == (1, 1)
    other.append([rows("items", ["b"])])
    assert (mine.version(), mine.count()) == (2, 2)


def test_a_handle_notices_that_a_table_was_made_anew(lake: Lake, rows: Rows) -> None:
    mine = lake.table("items")
    for name in ("a", "b", "c"):
        mine.append([rows("items", [name])])
    for path in below(mine.folder):
        path.unlink()
    assert mine.version() is None
    open_lake(lake.root).table("items").append([rows("items", ["z"])])
    assert mine.scan(["item_id"]).collect().to_series().to_list() == ["z"]
    assert mine.append([rows("items", ["y"])]).version == 2


def test_looking_at_a_table_again_reads_nothing(
    lake: Lake, rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    handle = lake.table("items")
    handle.append([rows("items", ["a"])])
    assert handle.version() == 1
    opened: list[str] = []
    read = Path.read_bytes

    def spy(path: Path) -> bytes:
        data = read(path)
        opened.append(path.name)
        return data

    monkeypatch.setattr(Path, "read_bytes", spy)
    assert [handle.version() for _ in range(5)] == [1] * 5
    assert opened == []


def test_a_table_of_a_newer_dataq_is_refused(lake: Lake, rows: Rows) -> None:
    handle = lake.table("items")
    handle.append([rows("items", ["a"])])
    handle.delta().alter.set_table_properties({"dataq.schemaVersion": "7"}, False)
    for use in (handle.scan, handle.version, lambda: handle.append([rows("items", ["b"])])):
        with pytest.raises(UpgradeDataq, match="items has schema version 7, this DataQ knows up"):
            use()


def test_unknown_features_of_delta_are_refused(lake: Lake, rows: Rows) -> None:
    handle = lake.table("items")
    handle.append([rows("items", ["a"])])
    log = handle.folder / "_delta_log"
    needs = {"minReaderVersion": 3, "minWriterVersion": 7, "readerFeatures": ["deletionVectors"]}
    (log / f"{2:020}.json").write_bytes(json.dumps({"protocol": needs}).encode())
    with pytest.raises(UpgradeDataq, match="needs Delta reader version 3"):
        handle.scan()


@pytest.mark.parametrize("path", ["../../etc/x.parquet", "/etc/x.parquet", "file:///etc/x.parquet"])
def test_files_outside_of_the_table_are_refused(lake: Lake, rows: Rows, path: str) -> None:
    handle = lake.table("items")
    handle.append([rows("items", ["a"])])
    add = {"path": path, "size": 1, "partitionValues": {}, "dataChange": True}
    log = handle.folder / "_delta_log"
    (log / f"{2:020}.json").write_bytes(json.dumps({"add": add}).encode())
    with pytest.raises(UpgradeDataq, match="names a file outside of its table"):
        handle.scan()


def test_a_file_that_went_missing_is_named(lake: Lake, rows: Rows) -> None:
    handle = lake.table("items")
    handle.append([rows("items", ["a"])])
    handle.files()[0].unlink()
    with pytest.raises(ContentLost, match=r"part-\w+.parquet of table items cannot be read: it"):
        list(handle.batches())
