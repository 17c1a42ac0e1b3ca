"""One --as-of, one answer: SQL, search, show and bytes all come from the same state of the lake."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from dataq_lake import sql
from dataq_lake.ancestry import ancestry, content
from dataq_lake.comparing import Counts, compare
from dataq_lake.errors import (
    NameTaken,
    NothingIndexed,
    NotYet,
    ReadOnly,
    SnapshotGone,
    UnknownId,
    UnknownSnapshot,
    VersionGone,
)
from dataq_lake.indexes.folder import IndexFolder
from dataq_lake.lake import Lake
from dataq_lake.search import search
from dataq_lake.snapshots import create, keep, retire, snapshots
from tests.assets.way import Way, gone, item, sql_counts


def now() -> str:
    """A moment that no commit shares: Delta tells time in milliseconds."""
    time.sleep(0.003)
    moment = datetime.now(UTC).isoformat()
    time.sleep(0.003)
    return moment


def told(lake: Lake) -> dict[str, Any]:
    """What every way in answers: rows, hits, bytes."""
    paths = sql.query(
        lake, "select path from assets join entities using (id) where is_latest order by all"
    ).fetchall()
    hits = search(lake, "*", k=100, mode="text")
    assert {hit.path for hit in hits} == {path for (path,) in paths}
    for hit in hits:
        steps = ancestry(lake, hit.id)
        assert steps["asset"]["is_latest"], "what is found is current, then as now"
        assert b"".join(content(lake, hit.id)).decode() == hit.text
    return {hit.path: hit.text for hit in hits}


OLD = {"a.txt": "the first text of a", "b.txt": "b stays", "c.txt": "c will go"}
NEW = {"a.txt": "the second text of a", "b.txt": "b stays", "d.txt": "d is new"}


@pytest.fixture
def twice(way: Way) -> tuple[Way, str]:
    """A lake that changed once, and a time between."""
    way.observe(*(item(path, text.encode(), 0) for path, text in OLD.items()))
    way.derive()
    between = now()
    way.observe(
        item("a.txt", NEW["a.txt"].encode(), 1), item("d.txt", NEW["d.txt"].encode()), gone("c.txt")
    )
    way.derive()
    return way, between


def test_a_time_and_a_snapshot_answer_from_one_state(twice: tuple[Way, str]) -> None:
    way, between = twice
    new, old = snapshots(way.lake)
    assert told(way.lake) == NEW
    for moment in (between, old.id, old.id[:8], old.created_at):
        assert told(way.lake.at(moment)) == OLD, moment
    for moment in (now(), new.id, None):
        assert told(way.lake.at(moment)) == NEW, moment
    assert told(way.lake.at(new.id).at(old.id)) == OLD
    only_new = next(h for h in search(way.lake, "*", mode="text") if h.path == "d.txt")
    with pytest.raises(UnknownId):
        ancestry(way.lake.at(between), only_new.id)


def test_ancestry_of_the_past_knows_no_later_runs(twice: tuple[Way, str]) -> None:
    way, between = twice
    hit = next(h for h in search(way.lake, "*", mode="text") if h.path == "b.txt")
    then = ancestry(way.lake.at(between), hit.id)
    assert then["asset"]["version"] == 1
    last = max(commit["time"] for run in then["runs"] for commit in run["commits"])
    assert last < between
    past = way.lake.at(between).table("entities")
    assert past.history()[0].version == past.version()
    assert past.history() == way.lake.table("entities").history()[-len(past.history()) :]


def test_the_past_cannot_be_written_to(twice: tuple[Way, str]) -> None:
    way, between = twice
    past = way.lake.at(between)
    before = sorted((way.lake.root / "tables").rglob("*"))
    for write in ("append", "insert_new", "apply"):
        with pytest.raises(ReadOnly):
            getattr(past.table("items"), write)([])
    with pytest.raises(ReadOnly):
        past.save_state("s", b"x")
    assert sorted((way.lake.root / "tables").rglob("*")) == before


def test_a_named_snapshot_outlives_what_comes(way: Way) -> None:
    way.observe(*(item(path, text.encode(), 0) for path, text in OLD.items()))
    way.derive()
    (published,) = snapshots(way.lake)
    made = create(way.lake, "before")
    assert made.id == published.id, "nothing changed since: the same snapshot got the name"
    assert create(way.lake, "before").id == made.id
    way.observe(item("d.txt", b"d is new"))
    with_raw_only = create(way.lake, "raw-only")
    assert with_raw_only.id != made.id
    assert sql_counts(way.lake.at("raw-only"), "raw", "items") == [4, 3]
    way.derive()
    assert told(way.lake.at("before")) == OLD
    assert {s.name for s in snapshots(way.lake)} == {None, "raw-only", "before"}
    with pytest.raises(NameTaken, match="is called before"):
        create(way.lake, "before")
    assert keep(way.lake, "raw-only", "other").name == "other"
    assert way.broken_checks() == []
    assert told(way.lake)["d.txt"] == "d is new"
    assert {"d.txt"} == told(way.lake).keys() - OLD.keys()


def test_retired_and_unknown_are_told_apart(twice: tuple[Way, str]) -> None:
    way, between = twice
    _, old = snapshots(way.lake)
    keep(way.lake, old.id, "before")
    assert not retire(way.lake, "before").current
    for name in ("before", old.id, old.id[:8]):
        with pytest.raises(SnapshotGone, match="was retired"):
            way.lake.at(name)
    with pytest.raises(SnapshotGone, match=f"was that of snapshot {old.id}, which is retired"):
        way.lake.at(between).index()
    assert sql_counts(way.lake.at(between), "assets") == [3], "tables still reach that far"
    for unknown in ("never", "ffffffff", "yesterday", "", "'; drop table x --"):
        with pytest.raises(UnknownSnapshot, match="no snapshot has the name or id"):
            way.lake.at(unknown)
    current = create(way.lake, "before")
    assert retire(way.lake, "before").current
    assert [(s.id, s.name) for s in snapshots(way.lake)] == [(current.id, None)]


def test_a_time_before_the_lake(twice: tuple[Way, str], tmp_path: Path) -> None:
    way, _ = twice
    with pytest.raises(NotYet, match=r"has nothing from before 2001-01-01.*first commit is of 20"):
        way.lake.at("2001-01-01")
    with pytest.raises(NotYet, match="no commit yet"):
        Lake(tmp_path / "empty").at("2001-01-01")
    first = way.lake.raw("s").history()[-1].time
    assert sql_counts(way.lake.at(first), "raw_s", "assets") == [0, 0]
    with pytest.raises(NothingIndexed):
        way.lake.at(first).index()


def test_a_version_that_was_cleaned_up(twice: tuple[Way, str]) -> None:
    way, between = twice
    log = way.lake.table("entities").folder / "_delta_log"
    assert way.lake.table("entities").delta().version() >= 2
    way.lake.table("entities").delta().create_checkpoint()
    (log / f"{0:020}.json").unlink()
    (log / f"{1:020}.json").unlink()
    with pytest.raises(VersionGone, match="of entities before 2 were cleaned up"):
        sql.query(way.lake.at(between), "select * from entities")
    first = way.lake.table("entities").files()[0]
    first.unlink()
    with pytest.raises(Exception, match=r"entities.*cannot be read") as raised:
        sql.query(way.lake, "select * from entities").fetchall()
    assert "ContentLost" in type(raised.value).__name__


def test_what_changed(twice: tuple[Way, str]) -> None:
    way, between = twice
    found = compare(way.lake.at(between), way.lake)
    assert [(each.change, each.path) for each in found.assets] == [
        ("changed", "a.txt"),
        ("removed", "c.txt"),
        ("added", "d.txt"),
    ]
    assert found.tables["raw_s"] == Counts(added=3)
    assert found.tables["assets"] == Counts(added=2)
    assert found.tables["entities"] == Counts(added=2, changed=2)
    back = compare(way.lake, way.lake.at(between))
    assert back.tables["entities"] == Counts(removed=2, changed=2)
    assert [(each.change, each.path) for each in back.assets] == [
        ("changed", "a.txt"),
        ("added", "c.txt"),
        ("removed", "d.txt"),
    ]
    same = compare(way.lake, way.lake)
    assert (same.tables, same.assets) == ({}, [])


def test_merging_small_files_changes_nothing(way: Way, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(4):
        way.observe(item(f"{number}.txt", f"text {number}".encode(), number))
    way.derive()
    before = now()
    from dataq_lake import compacting
    from dataq_lake.written import CommitInfo

    monkeypatch.setattr(compacting, "MANY", 2)
    assert compacting.merge(way.lake.raw("s"), CommitInfo())
    assert compare(way.lake.at(before), way.lake).tables == {}


def test_a_lake_without_an_index_can_be_kept(way: Way) -> None:
    way.observe(item("a.txt", b"only raw so far"))
    made = create(way.lake, "raw-only")
    assert (made.segments, made.tables) == (0, {"raw_s": made.tables["raw_s"]})
    with pytest.raises(NothingIndexed):
        search(way.lake, "raw")
    way.derive()
    assert told(way.lake) == {"a.txt": "only raw so far"}
    assert sql_counts(way.lake.at("raw-only"), "raw_s", "assets") == [1, 0]
    order = list(way.lake.versions())
    flow = ["raw_s", "items", "assets", "texts", "segments", "embeddings"]
    assert sorted(flow, key=order.index) == flow[::-1], "whatever a row stands on is read after it"
    assert IndexFolder(way.lake.root).names()[0].startswith("00000001-")
