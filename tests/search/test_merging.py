"""Merging parts of an index changes no answer, and old snapshots keep theirs."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from dataq_lake.indexes import merging
from dataq_lake.indexes.folder import IndexFolder
from dataq_lake.indexes.merging import wasteful
from dataq_lake.indexes.snapshot import open_snapshot
from dataq_lake.lake import Lake, open_lake
from dataq_lake.maintenance.bounds import Bounds
from dataq_lake.maintenance.task import Job, task
from dataq_lake.search import MODES, search
from dataq_lake.snapshots import retire
from tests.search.notes import Publish
from tests.search.test_publish import ids, live, row

ROOT = Path(__file__).resolve().parents[2]
MERGE = task("merge-indexes")


@pytest.fixture
def parted(lake: Lake, publish_rows: Publish) -> Lake:
    """Five parts, each of which lost a row."""
    for number in range(5):
        publish_rows([row(number * 10 + n) for n in range(4)], gone=ids((number - 1) * 10))
    return lake


def found(lake: Lake, snapshot: str | None = None) -> list[list[tuple[str, float]]]:
    """What searches of every kind answer, with their scores."""
    queries = ("note number 12 about topic5", "topic3", "*")
    return [
        [(hit.id, round(hit.score, 5)) for hit in search(lake, q, k=50, mode=m, snapshot=snapshot)]
        for q in queries
        for m in MODES
        if q != "*" or m == "text"
    ]


def test_merging_leaves_one_part_and_the_same_answers(parted: Lake) -> None:
    old = open_snapshot(parted.root).manifest
    before, had = found(parted), live(parted)
    report = MERGE.run(parted)
    assert report.done == {"parts merged": 5, "rows left out": 4}
    assert report.after.files < report.before.files
    assert report.after.bytes < report.before.bytes
    new = open_snapshot(parted.root).manifest
    assert [(part.rows, part.gone) for part in new.parts] == [(16, 0)]
    assert (new.tables, new.segments, new.parent) == (old.tables, old.segments, old.id)
    assert live(parted) == had
    assert sorted(map(sorted, found(parted))) == sorted(map(sorted, before))
    assert found(parted, old.id) == before, "the old one stays searchable"
    assert parted.table("snapshots").count() == 6
    assert MERGE.run(parted).done == {}


def test_the_old_parts_go_when_their_snapshots_are_retired(parted: Lake) -> None:
    MERGE.run(parted)
    folder = IndexFolder(parted.root)
    for manifest in folder.manifests()[:-1]:
        retire(parted, manifest.id)
    assert len(list(folder.parts.iterdir())) == 1
    assert len(live(parted)) == 16


def test_publishing_goes_on_after_a_merge(parted: Lake, publish_rows: Publish) -> None:
    MERGE.run(parted)
    publish_rows([row(99)], gone=ids(1))
    assert len(live(parted)) == 16
    assert set(ids(99)) <= live(parted)


def test_a_bound_on_bytes_merges_some(parted: Lake) -> None:
    size = MERGE.run(parted, Job(dry_run=True)).before.bytes
    report = MERGE.run(parted, Job(Bounds(bytes=size / 4)))
    assert not report.complete
    assert 1 <= report.done["parts merged"] < 5
    had = live(parted)
    for _ in range(6):
        if MERGE.run(parted, Job(Bounds(bytes=size))).complete:
            break
    assert len(open_snapshot(parted.root).manifest.parts) == 1
    assert live(parted) == had


def test_a_single_whole_part_is_left_alone(lake: Lake, publish_rows: Publish) -> None:
    publish_rows([row(n) for n in range(20)])
    publish_rows([], gone=ids(3))
    assert wasteful(open_snapshot(lake.root).manifest) == []
    publish_rows([], gone=ids(4, 5, 6, 7, 8))
    assert len(wasteful(open_snapshot(lake.root).manifest)) == 1
    assert MERGE.run(lake).done == {"parts merged": 1, "rows left out": 6}
    assert len(live(lake)) == 14


def test_a_part_in_which_nothing_counts_goes(lake: Lake, publish_rows: Publish) -> None:
    publish_rows([row(1)])
    publish_rows([row(2)])
    publish_rows([row(3)], gone=ids(2))
    MERGE.run(lake)
    assert len(open_snapshot(lake.root).manifest.parts) == 1
    assert live(lake) == set(ids(1, 3))


def test_a_lake_without_an_index_has_nothing_to_merge(lake: Lake) -> None:
    assert MERGE.run(lake).done == {}


def test_who_published_meanwhile_is_not_undone(
    parted: Lake, publish_rows: Publish, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The parts were chosen before another publication took a row from them."""
    real = merging.merge_parts

    def late(*args: object) -> object:
        publish_rows([row(77)], gone=ids(41))
        return real(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(merging, "merge_parts", late)
    had = live(parted)
    MERGE.run(parted)
    assert live(parted) == (had - set(ids(41))) | set(ids(77))


_DIE = """
import os, sys
from pathlib import Path
from dataq_lake.indexes import folder as folders, publish
from dataq_lake.indexes import merging
from dataq_lake.lake import open_lake
from dataq_lake.maintenance.task import task
deadly, steps = int(sys.argv[2]), 0
def counted(function):
    def step(*args, **kwargs):
        global steps
        steps += 1
        if steps == deadly:
            os.kill(os.getpid(), 9)
        return function(*args, **kwargs)
    return step
folders.sync, merging.record = counted(folders.sync), counted(merging.record)
Path.mkdir, Path.rename = counted(Path.mkdir), counted(Path.rename)
task("merge-indexes").run(open_lake(sys.argv[1]))
print(steps)
"""


def killed(lake: Lake, step: int) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", _DIE, str(lake.root), str(step)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_killed_merge_is_taken_up(parted: Lake) -> None:
    had = live(parted)
    for step in (5, 10):
        died = killed(parted, step)
        assert died.returncode == -signal.SIGKILL, died.stdout + died.stderr
        assert live(open_lake(parted.root)) == had
    assert killed(parted, -1).returncode == 0
    lake = open_lake(parted.root)
    assert live(lake) == had
    assert len(open_snapshot(lake.root).manifest.parts) == 1
    assert not list((lake.root / "indexes").rglob(".draft-*"))
