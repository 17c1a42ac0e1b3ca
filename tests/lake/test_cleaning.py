"""Cleaning up takes what nothing can read any more, and nothing that a snapshot still needs."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataq_lake import compacting, sql
from dataq_lake.cleaning import (
    RETENTION,
    Freed,
    collect_blobs,
    needed_blobs,
    needed_versions,
    vacuum,
    vacuum_all,
)
from dataq_lake.difference import Difference
from dataq_lake.errors import ContentDamaged, ContentLost, VersionGone
from dataq_lake.indexes.folder import indexes_in
from dataq_lake.lake import Lake, open_lake
from dataq_lake.log_entries import Commit
from dataq_lake.snapshots import create, expired, keep, retire, snapshots
from dataq_lake.table import log_in
from tests.lake.ages import aged
from tests.lake.conftest import Rows

ROOT = Path(__file__).resolve().parents[2]
found_alike = pytest.mark.local("which versions are needed is found alike; others clean up a store")
LATER = datetime.now(UTC) + timedelta(days=200)


def ids(lake: Lake) -> list[str]:
    return [id_ for (id_,) in sql.query(lake, "select id from quarantine order by id").fetchall()]


@pytest.fixture
def busy(lake: Lake, rows: Rows) -> Lake:
    """45 versions, each of which replaces the row of the one before; a snapshot at two of them."""
    handle = lake.table("quarantine")
    for number in range(45):
        gone = [f"id-{number - 1:02}"] if number else []
        handle.apply(Difference([rows("quarantine", [f"id-{number:02}"])], gone))
        if number in {5, 30}:
            create(lake, f"at-{number}")
    return lake


def test_live_snapshots_outlive_files_and_log(busy: Lake) -> None:
    handle = busy.table("quarantine")
    before = len(handle.stored_files())
    freed = vacuum(handle, now=LATER)
    assert freed.files > 40
    assert [path.name for path in handle.stored_files()] == sorted(
        {f.name for at in ("at-5", "at-30") for f in busy.at(at).table("quarantine").files()}
        | {f.name for f in handle.files()}
    )
    assert len(handle.stored_files()) == 3 < before
    for lake in (busy, open_lake(busy.root)):
        assert ids(lake) == ["id-44"]
        assert (ids(lake.at("at-5")), ids(lake.at("at-30"))) == (["id-05"], ["id-30"])
    assert handle.delta().to_pyarrow_table().num_rows == 1
    assert log_in(handle.folder).latest() == handle.snapshot()
    assert vacuum(handle, now=LATER) == Freed(), "a second time finds nothing"
    log = handle.folder / "_delta_log"
    left = {int(path.name[:20]) for path in log.glob("*.json")}
    assert left >= set(range(6)) | set(range(39, 46))
    assert not left & set(range(7, 19))


@found_alike
def test_what_was_between_is_told_to_be_gone(busy: Lake) -> None:
    handle = busy.table("quarantine")
    between = handle.history()[-20].time
    assert ids(busy.at(between)) != []
    vacuum(handle, now=LATER)
    for lake in (busy, open_lake(busy.root)):
        with pytest.raises(VersionGone, match="were cleaned up"):
            ids(lake.at(between))
    with pytest.raises(VersionGone, match="has no version 12: versions kept are"):
        handle.scan(version=12)


def test_the_log_without_its_hint_is_read_right_after_a_clean_up(busy: Lake) -> None:
    handle = busy.table("quarantine")
    vacuum(handle, now=LATER)
    (handle.folder / "_delta_log" / "_last_checkpoint").unlink()
    assert log_in(handle.folder).latest() == handle.snapshot()
    assert ids(open_lake(busy.root)) == ["id-44"]


def test_writing_goes_on_after_a_clean_up(busy: Lake, rows: Rows) -> None:
    vacuum(busy.table("quarantine"), now=LATER)
    for lake in (busy, open_lake(busy.root)):
        for number in range(50, 75):
            lake.table("quarantine").append([rows("quarantine", [f"id-{number}-{id(lake)}"])])
    assert len(ids(busy)) == 51
    assert ids(busy.at("at-5")) == ["id-05"], "checkpoints of the engine leave the log alone"


@found_alike
def test_a_retired_snapshot_keeps_nothing(busy: Lake) -> None:
    assert retire(busy, "at-5").name == "at-5"
    vacuum(busy.table("quarantine"), now=LATER)
    assert len(busy.table("quarantine").stored_files()) == 2
    assert ids(busy.at("at-30")) == ["id-30"]


@found_alike
def test_every_moment_within_the_retention_stays(busy: Lake) -> None:
    handle = busy.table("quarantine")
    moments = [(commit.time, ids(busy.at(commit.time))) for commit in handle.history()[:21]]
    aged(busy)
    horizon = moments[-1][0]
    assert vacuum(handle, now=horizon + RETENTION).files > 10
    for when, found in moments:
        assert ids(busy.at(when)) == found


def test_files_that_a_writer_may_be_about_to_commit_stay(lake: Lake, rows: Rows) -> None:
    handle = lake.table("quarantine")
    handle.append([rows("quarantine", ["a"])])
    stray = handle.folder / "part-0.parquet"
    stray.write_bytes(b"being written")
    assert vacuum(handle, timedelta(0)) == Freed()
    assert stray.exists()
    aged(lake, 8)
    assert vacuum(handle, timedelta(0)).files == 1
    assert ids(lake) == ["a"]


def test_somebody_elses_clean_up_stops_ours(busy: Lake) -> None:
    """Where the log of a live snapshot is gone, nobody knows its files: nothing is removed."""
    handle = busy.table("quarantine")
    (handle.folder / "_delta_log" / f"{3:020}.json").unlink()
    before = handle.stored_files()
    with pytest.raises(VersionGone):
        vacuum(handle, now=LATER)
    assert handle.stored_files() == before
    retire(busy, "at-5")
    assert vacuum(handle, now=LATER).files


def test_a_write_cleans_up_once_a_week(
    busy: Lake, rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    handle = busy.table("quarantine")
    mark = handle.folder / "_swept"
    assert mark.exists()
    count = len(handle.stored_files())
    aged(busy)
    monkeypatch.setattr(compacting, "vacuum", lambda h: vacuum(h, now=LATER))
    handle.append([rows("quarantine", ["z"])])
    assert len(handle.stored_files()) < count
    assert ids(busy.at("at-5")) == ["id-05"]


_times = st.lists(st.integers(0, 50), max_size=12)


@given(times=_times, pinned=st.sets(st.integers(0, 11)), horizon=st.integers(0, 50))
def test_needed_versions(times: list[int], pinned: set[int], horizon: int) -> None:
    moments = [datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=day) for day in times]
    commits = [Commit(v, at, "", "", "", 0, 0, 0, 0, "") for v, at in enumerate(moments)]
    limit = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=horizon)
    needed = needed_versions(reversed(commits), pinned, limit)
    # a clock that went back makes no version older than the one before it
    counted = [max(moments[: v + 1]) for v in range(len(moments))]
    expected = {v for v, at in enumerate(counted) if at >= limit} | pinned
    before = [v for v, at in enumerate(counted) if at < limit]
    assert needed == expected | set(before[-1:])


# ---- blobs


@pytest.fixture
def stored(lake: Lake) -> Callable[[bytes], str]:
    def store(content: bytes) -> str:
        return lake.blobs.put(content).uri

    return store


def test_blobs_stay_as_long_as_any_state_names_them(
    lake: Lake, rows: Rows, stored: Callable[[bytes], str]
) -> None:
    names = ("raw", "item", "asset", "old", "snapshot", "orphan")
    uris = {name: stored(name.encode()) for name in names}
    lake.raw("s").append([rows("raw_s", ["r"], blob_uri=uris["raw"])])
    lake.table("items").append([rows("items", ["i"], blob_uri=uris["item"])])
    assets = lake.table("assets")
    assets.append([rows("assets", ["a"], storage_path=uris["asset"])])
    assets.append([rows("assets", ["b"], storage_path=uris["snapshot"])])
    create(lake, "before")
    assets.apply(Difference([rows("assets", ["c"], storage_path=uris["old"])], ["b"]))
    assets.apply(Difference([rows("assets", ["d"], storage_path="raw:r")], ["c"]))
    assert needed_blobs(lake) == {*uris.values()} - {uris["orphan"]}
    aged(lake)
    assert collect_blobs(lake) == Freed(1, len(b"orphan"))
    vacuum_all(lake, timedelta(0), timedelta(0))
    assert collect_blobs(lake) == Freed(1, len(b"old"))
    for name in ("raw", "item", "asset", "snapshot"):
        assert lake.blobs.read(uris[name]) == name.encode()
    create(lake, "after")
    retire(lake, "before")
    vacuum_all(lake, timedelta(0), timedelta(0))
    assert collect_blobs(lake) == Freed(1, len(b"snapshot"))


def test_young_blobs_stay(lake: Lake, stored: Callable[[bytes], str]) -> None:
    uri = stored(b"not yet named")
    assert collect_blobs(lake) == Freed()
    aged(lake, 6)
    assert collect_blobs(lake) == Freed()
    assert lake.blobs.exists(uri)


def test_a_blob_that_is_stored_again_is_young_again(
    lake: Lake, stored: Callable[[bytes], str]
) -> None:
    uri = stored(b"again")
    aged(lake)
    assert stored(b"again") == uri
    assert collect_blobs(lake) == Freed()


@pytest.mark.local("renames, which a store does not know: tests/s3 has its own way")
def test_a_writer_that_comes_between_keeps_its_blob(
    lake: Lake, stored: Callable[[bytes], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It stores the content after the collector made its list, before or after it was put aside."""
    early, late = stored(b"early"), stored(b"late")
    aged(lake)
    rename = Path.rename

    def renamed(path: Path, target: Path) -> Path:
        if path.name == early[5:]:
            stored(b"early")
        done = rename(path, target)
        if path.name == late[5:]:
            stored(b"late")
        return done

    monkeypatch.setattr(Path, "rename", renamed)
    collect_blobs(lake)
    lake.blobs.settle()
    assert (lake.blobs.read(early), lake.blobs.read(late)) == (b"early", b"late")


@pytest.mark.local("nothing is put aside in a store")
def test_what_a_killed_collector_put_aside_comes_back(
    lake: Lake, rows: Rows, stored: Callable[[bytes], str]
) -> None:
    uri = stored(b"orphan at first")
    aged(lake)
    script = (
        "import os, sys; from pathlib import Path; from dataq_lake.lake import open_lake\n"
        "from dataq_lake.cleaning import collect_blobs\n"
        "Path.unlink = lambda *_, **__: os.kill(os.getpid(), 9)\n"
        "collect_blobs(open_lake(sys.argv[1]))"
    )
    command = [sys.executable, "-c", script, str(lake.root)]
    assert subprocess.run(command, cwd=ROOT, check=False).returncode == -9
    with pytest.raises(ContentLost):
        lake.blobs.read(uri)
    lake.raw("s").append([rows("raw_s", ["r"], blob_uri=uri)])
    assert collect_blobs(lake) == Freed()
    assert lake.blobs.read(uri) == b"orphan at first"


def test_a_damaged_file_stops_the_collection(
    lake: Lake, rows: Rows, stored: Callable[[bytes], str]
) -> None:
    """What cannot be read may name any blob."""
    uri = stored(b"named")
    lake.raw("s").append([rows("raw_s", ["r"], blob_uri=uri)])
    (file,) = lake.raw("s").files()
    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) // 2])
    stored(b"orphan")
    aged(lake)
    with pytest.raises(ContentDamaged, match="is no Parquet file"):
        collect_blobs(lake)
    assert lake.blobs.exists(uri)


def test_only_what_nobody_keeps_expires(busy: Lake, rows: Rows) -> None:
    forgotten = create(busy)
    indexes_in(busy.root).marks.remove(forgotten.id)
    busy.table("items").append([rows("items", ["i"])])
    current = create(busy)
    indexes_in(busy.root).marks.remove(current.id)
    found = snapshots(busy)
    assert [each.id for each in expired(found, timedelta(days=30), LATER)] == [forgotten.id]
    assert expired(found, timedelta(days=300), LATER) == []
    keep(busy, forgotten.id)
    assert expired(snapshots(busy), timedelta(days=30), LATER) == []
