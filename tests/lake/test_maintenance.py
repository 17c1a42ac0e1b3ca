"""Maintenance makes less of the same: bounded, taken up again, with every old state still there."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataq_lake import compacting, sql, superseding
from dataq_lake.difference import Difference
from dataq_lake.errors import FixTheCall
from dataq_lake.indexes.folder import indexes_in
from dataq_lake.lake import SPILL_SECONDS, Lake, open_lake
from dataq_lake.log_entries import SCHEMA_VERSION
from dataq_lake.maintenance.bounds import Bounds
from dataq_lake.maintenance.extents import on_disk
from dataq_lake.maintenance.keeping import Keeping
from dataq_lake.maintenance.settings import CRONS, maintenance_settings, parse_size
from dataq_lake.maintenance.task import Extent, Job, Report, task, tasks
from dataq_lake.snapshots import SnapshotFacts, create, keep, snapshots
from tests.lake import ages
from tests.lake.conftest import Rows

ROOT = Path(__file__).resolve().parents[2]
LATER = datetime.now(UTC) + timedelta(days=200)


def run(lake: Lake, name: str, **job: object) -> Report:
    return task(name).run(lake, Job(**job))  # type: ignore[arg-type]


def ids(lake: Lake, table: str = "items") -> list[str]:
    handle = lake.table(table)
    return sorted(handle.scan([handle.table.key[0]]).collect().to_series())


@pytest.fixture
def scattered(template: Lake, tmp_path: Path) -> Lake:
    """20 small files of items and of raw, 6 of quarantine; a snapshot after the tenth."""
    shutil.copytree(template.root, tmp_path / "lake")
    return open_lake(tmp_path / "lake")


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    lake = open_lake(tmp_path_factory.mktemp("template") / "lake")

    def rows(table: str, ids: list[str], **more: object) -> pa.RecordBatch:
        schema = lake.table(table).table.schema
        key = lake.table(table).table.key[0]
        return pa.RecordBatch.from_pylist([{key: id_, **more} for id_ in ids], schema=schema)

    for number in range(20):
        name = f"{number:032x}"
        lake.table("items").append([rows("items", [name])])
        lake.raw("s").append([rows("raw_s", [name], sequence=number)])
        if number < 6:
            lake.table("quarantine").append([rows("quarantine", [name])])
        if number == 9:
            create(lake, "tenth")
    return lake


# ---- compaction


def test_compaction_merges_and_keeps_every_version(scattered: Lake) -> None:
    before = {name: ids(scattered, name) for name in ("items", "raw_s", "quarantine")}
    versions = [scattered.table("items").files(version=v) for v in range(1, 21)]
    report = run(scattered, "compaction")
    assert report.before.files == 20 + 20 + 6 + 1  # and one of snapshots
    assert report.after.files == 4
    assert report.done["files merged"] == 46
    assert report.complete
    for lake in (scattered, open_lake(scattered.root)):
        assert {name: ids(lake, name) for name in before} == before
        assert len(lake.table("items").files()) == 1
        assert len(ids(lake.at("tenth"))) == 10
        assert [lake.table("items").files(version=v) for v in range(1, 21)] == versions
    assert sql.query(scattered, "select count(*) from raw").fetchall() == [(20,)]
    again = run(scattered, "compaction")
    assert (again.done, again.before) == ({}, again.after)


def test_few_files_are_left_alone(lake: Lake, rows: Rows) -> None:
    for number in range(compacting.FEW - 1):
        lake.table("items").append([rows("items", [f"{number}"])])
    assert run(lake, "compaction").done == {}


def test_a_bound_on_bytes_leaves_the_rest_for_next_time(
    scattered: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    size = max(file.stat().st_size for file in scattered.table("items").files())
    monkeypatch.setattr(compacting, "FILE_BYTES", 4 * size)
    monkeypatch.setattr(compacting, "MEDIUM", 3 * size)
    before = ids(scattered)
    seen = []
    for _ in range(40):
        report = run(scattered, "compaction", bounds=Bounds(bytes=1))
        seen.append(report.after.files)
        if report.complete:
            break
        assert report.done["files merged"] <= 5
    assert report.complete
    assert seen == sorted(seen, reverse=True)
    assert len(seen) > 5
    assert ids(scattered) == before


def test_no_time_is_nothing_done(scattered: Lake) -> None:
    report = run(scattered, "compaction", bounds=Bounds(seconds=0))
    assert (report.done, report.complete) == ({}, False)


def test_a_dry_run_changes_nothing(scattered: Lake) -> None:
    aged(scattered)
    scattered.blobs.put(b"orphan")
    before = sorted(scattered.root.rglob("*"))
    for each in tasks():
        report = run(scattered, each.name, dry_run=True, now=LATER)
        assert report.dry_run
        assert report.before == report.after
    assert run(scattered, "compaction", dry_run=True).done["files merged"] == 46
    assert sorted(scattered.root.rglob("*")) == before


def test_another_writer_is_left_to_win(scattered: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compacting, "commit", lambda *_, **__: None)
    files = sorted(scattered.root.rglob("*.parquet"))
    report = run(scattered, "compaction")
    assert not report.complete
    assert "was being written to" in report.notes[0]
    assert sorted(scattered.root.rglob("*.parquet")) == files


def test_two_compactions_at_once_merge_once(
    scattered: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other is done just before this one commits the same files, merged by itself."""
    before, real = ids(scattered), compacting.commit

    def late(*args: object, **more: object) -> object:
        monkeypatch.setattr(compacting, "commit", real)
        run(open_lake(scattered.root), "compaction")
        return real(*args, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(compacting, "commit", late)
    run(scattered, "compaction")
    assert ids(scattered) == before
    assert len(scattered.table("items").files()) == 1


def test_an_old_table_is_left_alone(scattered: Lake) -> None:
    handle = scattered.table("snapshots")
    delta = handle.delta()
    delta.alter.set_table_properties({SCHEMA_VERSION: "1"}, raise_if_not_exists=False)
    version = handle.version()
    report = run(scattered, "compaction")
    assert report.notes == ("table snapshots was left alone: run `dataq upgrade` first",)
    assert handle.version() == version


def test_states_that_were_replaced_are_forgotten(lake: Lake) -> None:
    for number in range(40):
        lake.save_state("a", b"a%d" % number)
        lake.save_state("b", b"b%d" % number)
    handle, version = lake.table("plugin_state"), lake.table("plugin_state").version()
    assert run(lake, "compaction").done["states forgotten"] == 78
    assert handle.count() == 2
    assert (lake.state("a"), lake.state("b")) == (b"a39", b"b39")
    assert handle.scan(version=version).collect().height == 80
    lake.save_state("a", b"next")
    assert open_lake(lake.root).state("a") == b"next"
    assert handle.scan(["source", "sequence"]).collect().sort("sequence").rows()[-1] == ("a", 40)
    assert "states forgotten" in run(lake, "compaction").done
    assert "states forgotten" not in run(lake, "compaction").done


def test_a_state_saved_meanwhile_stays(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(3):
        lake.save_state("a", b"%d" % number)
    real = superseding.commit

    def late(*args: object, **more: object) -> object:
        open_lake(lake.root).save_state("a", b"late")
        return real(*args, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(superseding, "commit", late)
    run(lake, "compaction")
    assert lake.state("a") == b"late"
    monkeypatch.setattr(superseding, "commit", real)
    run(lake, "compaction")
    assert (lake.state("a"), lake.table("plugin_state").count()) == (b"late", 1)


# ---- vacuum


def aged(lake: Lake, days: int = 200) -> None:
    """Files look old, and on a disk the folders that they are in as well."""
    ages.aged(lake, days)
    if isinstance(lake.root, Path):
        old = time.time() - days * 86_400
        for path in lake.root.rglob("*"):
            os.utime(path, (old, old))


def test_vacuum_removes_what_nothing_needs(scattered: Lake, rows: Rows) -> None:
    orphan, named = scattered.blobs.put(b"orphan"), scattered.blobs.put(b"named")
    scattered.raw("s").append([rows("raw_s", ["f" * 32], blob_uri=named.uri, sequence=99)])
    spill = scattered.root / "tmp" / "killed"
    spill.mkdir(parents=True)
    (spill / "spilled").write_bytes(b"x" * 1000)
    stray = scattered.root / "indexes" / "snapshots" / ".draft-dead"
    stray.mkdir()
    (stray / "half").write_bytes(b"x")
    before, tenth = ids(scattered), ids(scattered.at("tenth"))
    run(scattered, "compaction")
    aged(scattered)
    report = run(scattered, "vacuum", now=LATER)
    assert report.complete
    assert report.done["blobs removed"] == 1
    assert report.done["spilled files removed"] == 1
    # of 20: 10 files of the snapshot stay, and the merged one
    assert len(scattered.table("items").stored_files()) == 11
    assert report.before.files - report.after.files >= 10 + 10 + 6 + 1 + 1
    assert report.before.bytes - report.after.bytes == pytest.approx(
        report.done["bytes freed"], abs=200
    )
    assert not stray.exists()
    assert not spill.exists()
    assert scattered.blobs.read(named.uri) == b"named"
    assert not scattered.blobs.exists(orphan.uri)
    assert (ids(scattered), ids(scattered.at("tenth"))) == (before, tenth)


def test_vacuum_ends_at_its_bounds_and_goes_on(scattered: Lake) -> None:
    run(scattered, "compaction")
    aged(scattered)
    scattered.blobs.put(b"o" * 100)
    aged(scattered)
    rounds, freed = 0, 0
    while True:
        report = run(scattered, "vacuum", now=LATER, bounds=Bounds(bytes=30_000))
        rounds, freed = rounds + 1, freed + report.done.get("bytes freed", 0)
        if report.complete:
            break
        assert report.done["bytes freed"] <= 30_000
        assert rounds < 30
    assert rounds > 2
    assert run(scattered, "vacuum", now=LATER).done == {}
    assert len(ids(scattered)) == 20
    assert len(ids(scattered.at("tenth"))) == 10


@pytest.mark.local("spills are on this machine's disk")
def test_young_spills_stay(lake: Lake, rows: Rows) -> None:
    lake.table("items").append([rows("items", ["a"])])
    spill = lake.root / "tmp" / "asking"
    spill.mkdir(parents=True)
    run(lake, "vacuum")
    assert spill.is_dir()
    old = time.time() - SPILL_SECONDS - 60
    os.utime(spill, (old, old))
    run(lake, "vacuum")
    assert not spill.exists()


def test_the_log_is_bounded(lake: Lake, rows: Rows) -> None:
    """Hundreds of commits leave a checkpoint, what follows it, and what a snapshot needs."""
    handle = lake.table("quarantine")
    for number in range(70):
        handle.append([rows("quarantine", [f"{number:03}"])])
        if number == 25:
            create(lake, "middle")
    log = handle.folder / "_delta_log"
    assert len(list(log.glob("*.checkpoint.parquet"))) >= 3
    aged(lake)
    run(lake, "vacuum", now=LATER)
    assert len(list(log.glob("*.json"))) <= 2 * 20 + 2
    assert len(list(log.glob("*.checkpoint.parquet"))) == 2
    assert len(ids(open_lake(lake.root), "quarantine")) == 70
    assert len(ids(open_lake(lake.root).at("middle"), "quarantine")) == 26


def test_a_table_that_cannot_be_read_is_told_and_the_rest_is_done(scattered: Lake) -> None:
    run(scattered, "compaction")
    aged(scattered)
    (scattered.table("quarantine").folder / "_delta_log" / f"{2:020}.json").unlink()
    report = run(open_lake(scattered.root), "vacuum", now=LATER)
    assert any("quarantine" in note for note in report.notes)
    assert report.done["table files removed"] >= 20


# ---- retirement


def facts(age: float, kept: bool = False, current: bool = False) -> SnapshotFacts:
    made = datetime(2026, 6, 15, 12, tzinfo=UTC) - timedelta(days=age)
    return SnapshotFacts(f"{age}", None, kept, current, made, 0, {}, "")


NOW = datetime(2026, 6, 15, 12, tzinfo=UTC)


def test_what_stays_gets_thinner_with_age() -> None:
    """Four a day for 400 days: all of a week, one a day of a month, one a month."""
    every = [facts(number / 4, current=number == 0) for number in range(1600)]
    gone = {each.id for each in Keeping().outlived(every, NOW)}
    left = [each for each in every if each.id not in gone]
    ages = [(NOW - each.created_at).days for each in left]
    assert sum(age < 7 for age in ages) == 28
    assert sum(7 <= age < 31 for age in ages) in {24, 25, 26}
    assert len({each.created_at.strftime("%Y-%m") for each in left}) == 14
    assert len(left) <= 28 + 26 + 14
    last = max(each.created_at for each in every if each.created_at.strftime("%Y-%m") == "2026-02")
    assert last in {each.created_at for each in left}, "the last of a month, not the first"


def test_named_and_current_ones_stay() -> None:
    every = [facts(900), facts(900.1, kept=True), facts(900.2), facts(1200, current=True)]
    gone = Keeping(months=6).outlived(every, NOW)
    assert [each.id for each in gone] == ["900.2", "900"]


@given(
    ages=st.lists(st.floats(0, 900), unique=True, max_size=60),
    days=st.tuples(st.integers(0, 40), st.integers(0, 90)),
)
def test_retiring_again_retires_nothing(ages: list[float], days: tuple[int, int]) -> None:
    keeping = Keeping(min(days), max(days))
    every = [facts(age) for age in ages]
    gone = keeping.outlived(every, NOW)
    left = [each for each in every if each not in gone]
    assert keeping.outlived(left, NOW) == []
    young = timedelta(days=keeping.all_days)
    assert not [each for each in gone if NOW - each.created_at <= young]
    assert bool(left) == bool(every)


def test_snapshots_are_retired_and_say_so(lake: Lake, rows: Rows) -> None:
    made = []
    for number in range(5):
        lake.table("items").append([rows("items", [f"{number}"])])
        made.append(create(lake))
        lake_marks_of(lake, made[-1].id)
    keep(lake, made[1].id, "mine")
    report = run(lake, "retire-snapshots", keeping=Keeping(0, 0))
    assert report.done == {"snapshots retired": 3}
    assert report.after.bytes < report.before.bytes
    assert [each.name for each in snapshots(lake)] == [None, "mine"]
    asked = "select sequence from snapshots where retired_at is not null order by 1"
    assert sql.query(lake, asked).fetchall() == [(1,), (3,), (4,)]
    assert ids(lake.at("mine")) == ["0", "1"]
    assert run(lake, "retire-snapshots", keeping=Keeping(0, 0)).done == {}
    (old,) = [each for each in made if each.id == made[0].id]
    with pytest.raises(Exception, match="was retired"):
        lake.at(old.id)


def test_what_a_killed_retirement_did_not_say_is_said(lake: Lake, rows: Rows) -> None:
    """The folders were gone, the table did not know yet, and there is nothing else to retire."""
    for number in range(3):
        lake.table("items").append([rows("items", [f"{number}"])])
        lake_marks_of(lake, create(lake).id)
    folder = indexes_in(lake.root)
    folder.remove(folder.names()[:-1])
    run(lake, "retire-snapshots")
    asked = "select sequence from snapshots where retired_at is not null order by 1"
    assert sql.query(lake, asked).fetchall() == [(1,), (2,)]


def lake_marks_of(lake: Lake, snapshot: str) -> None:
    """`create` keeps what it makes; these are to be like those of runs."""
    indexes_in(lake.root).marks.remove(snapshot)


# ---- kills

DIE = """
import os, sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from dataq_lake import cleaning, committing, compacting, part_file
from dataq_lake.lake import open_lake
from dataq_lake.maintenance.keeping import Keeping
from dataq_lake.maintenance.task import Job, task
name, deadly, steps = sys.argv[2], int(sys.argv[3]), 0
def around(call):
    def wrapped(*args, **more):
        step()
        result = call(*args, **more)
        step()
        return result
    return wrapped
def step():
    global steps
    steps += 1
    if steps == deadly:
        os.kill(os.getpid(), 9)
committing._commit = around(committing._commit)
part_file.PartFile.close = around(part_file.PartFile.close)
Path.unlink, Path.rename = around(Path.unlink), around(Path.rename)
later = datetime.now(UTC) + timedelta(days=200)
task(name).run(open_lake(sys.argv[1]), Job(now=later, keeping=Keeping(0, 0)))
print(steps)
"""


def killed(lake: Lake, name: str, at: int) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", DIE, str(lake.root), name, str(at)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("name", "steps"),
    [("compaction", (2, 4)), ("vacuum", (20,)), ("retire-snapshots", (1, 3))],
)
def test_killed_maintenance_is_taken_up(
    scattered: Lake, rows: Rows, name: str, steps: tuple[int, ...]
) -> None:
    items = scattered.table("items")
    items.apply(Difference([rows("items", ["new"])], [f"{0:032x}"]))
    for number in range(3):
        scattered.save_state("s", b"%d" % number)
        lake_marks_of(scattered, create(scattered).id)
        items.append([rows("items", [f"late {number}"])])
    if name == "vacuum":
        run(scattered, "compaction")
        aged(scattered)
    before = {name: ids(scattered, name) for name in ("items", "raw_s", "quarantine")}
    tenth = ids(scattered.at("tenth"))
    for at in steps:
        died = killed(scattered, name, at)
        assert died.returncode == -signal.SIGKILL, (at, died.stdout, died.stderr)
        lake = open_lake(scattered.root)
        assert {name: ids(lake, name) for name in before} == before
        assert ids(lake.at("tenth")) == tenth
        assert lake.state("s") == b"2"
        assert lake.lost_files() == []
    assert killed(scattered, name, -1).returncode == 0
    lake = open_lake(scattered.root)
    assert {name: ids(lake, name) for name in before} == before
    assert ids(lake.at("tenth")) == tenth
    assert lake.state("s") == b"2"
    assert run(lake, name, now=LATER, keeping=Keeping(0, 0)).done == {}


# ---- settings


def test_settings_say_bounds_crons_and_what_is_kept() -> None:
    usual = maintenance_settings({})
    assert (usual.seconds, usual.bytes, usual.crons) == (1800, 20 * 10**9, {})
    assert usual.keeping == Keeping(7, 31, None)
    given_ = {
        "DATAQ_MAINTENANCE_SECONDS": "60",
        "DATAQ_MAINTENANCE_BYTES": "1.5GB",
        "DATAQ_KEEP_ALL_DAYS": "2",
        "DATAQ_KEEP_DAILY_DAYS": "10",
        "DATAQ_KEEP_MONTHS": "12",
        "DATAQ_VACUUM_CRON": "0 5 * * *",
        "DATAQ_COMPACTION_CRON": "off",
    }
    found = maintenance_settings(given_)
    assert (found.seconds, found.bytes) == (60, 1_500_000_000)
    assert found.keeping == Keeping(2, 10, 12)
    assert found.crons == {"vacuum": "0 5 * * *", "compaction": "off"}
    assert set(CRONS) == {each.name for each in tasks()}
    for wrong in (
        {"DATAQ_MAINTENANCE_SECONDS": "soon"},
        {"DATAQ_MAINTENANCE_BYTES": "much"},
        {"DATAQ_KEEP_ALL_DAYS": "-1"},
    ):
        with pytest.raises(FixTheCall):
            maintenance_settings(wrong)


def test_sizes_are_read() -> None:
    sizes = {"10": 10, "500MB": 500_000_000, "2 gb": 2 * 10**9, "1k": 1000}
    assert {text: parse_size(text) for text in sizes} == sizes


def test_an_unknown_task_is_told() -> None:
    with pytest.raises(FixTheCall, match="there are compaction, merge-indexes"):
        task("cleaning")


def test_what_has_two_names_is_counted_once(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"12345")
    (tmp_path / "b").hardlink_to(tmp_path / "a")
    assert on_disk(tmp_path) == Extent(1, 5)
    assert on_disk(tmp_path / "nothing") == Extent()
