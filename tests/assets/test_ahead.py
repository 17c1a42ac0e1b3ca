"""What is begun before its step: the same rows come of it, bounded, and without it all the same."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass, replace
from typing import Any

import pytest

from dataq_analyzers.outcome import Failed
from dataq_assets.stages import ahead as ahead_module
from dataq_assets.stages import cases
from dataq_assets.stages import early as early_module
from dataq_assets.stages.ahead import Ahead
from dataq_assets.stages.cases import Cases, early_cases
from dataq_assets.stages.embeddings import Embeddings
from dataq_assets.stages.gate import Gate
from dataq_assets.stages.indexes import EarlyGap, publication
from dataq_assets.stages.reading import KEY, early_reading, pending
from dataq_assets.stages.segments import Segments
from dataq_assets.stages.texts import Texts
from dataq_lake.lake import open_lake
from dataq_lake.written import CommitInfo
from dataq_resources.changes import Changes
from dataq_resources.handover import handing_over, left, taken
from tests.assets.way import Way, item

ITEMS = [
    item(f"{number}.md", b"# Heron %d\n\nIt stands.\n\n# Spider\n\nIt is in well %d.\n" % (n, n))
    for n, number in enumerate(("one", "two", "three", "four"))
]
TOLD = ("texts", "analyses", "segments", "embeddings")


class Nobody:
    """A pool that must not be asked."""

    def map(
        self, function: Any, tasks: Iterable[Any], size: Any = None
    ) -> Generator[Any, None, None]:
        assert not list(tasks), "this was begun before"
        yield from ()


@dataclass
class Broken:
    """A pool that gives up, or whose every task fails."""

    error: Exception | None = None

    def map(
        self, function: Any, tasks: Iterable[Any], size: Any = None
    ) -> Generator[Any, None, None]:
        for index, _ in enumerate(tasks):
            if self.error:
                raise self.error
            yield Failed(index, "crash", "as the test says", "")


def asset_rows(way: Way) -> None:
    way.observe(*ITEMS)
    way.derive("gate", "assets")


def run(way: Way, stage: Any) -> None:
    Changes(stage.rounds()).commit(way.lake, CommitInfo(f"run{way.runs}"))


def content(way: Way, table: str, *but: str) -> list[Any]:
    left_out = {"analyzed_at", *but}
    rows = way.rows(table)
    return sorted(str({k: v for k, v in row.items() if k not in left_out}) for row in rows)


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.mark.parametrize("amount", [3, cases.WORTH_A_POOL + 3], ids=["here", "in the pool"])
def test_what_is_judged_early_comes_to_the_same_rows(way: Way, tmp_path: Any, amount: int) -> None:
    other = replace(way, lake=open_lake(tmp_path / "other"))
    things = [item(f"{n}.txt", b"Heron %d stands." % n) for n in range(amount)]
    for each in (way, other):
        each.observe(*things, item("empty.txt", b""), item("twice.txt", b"1"))
    way.derive("gate")
    begun = early_cases(lambda: Cases(other.lake, other.pool, other.plans))
    nobody: Any = Nobody()
    run(other, Gate(other.lake, nobody, {}, f"run{way.runs}", other.now_us, early=begun))
    assert len(other.rows("items")) >= amount
    for table in ("items", "quarantine"):
        assert content(other, table, "created_at", "updated_at") == content(
            way, table, "created_at", "updated_at"
        )


def test_the_gate_is_told_what_went_wrong_early(way: Way) -> None:
    way.observe(*(item(f"{n}.txt", b"Heron %d." % n) for n in range(cases.WORTH_A_POOL)))
    broken: Any = Broken(RuntimeError("no worker can be started"))
    begun = early_cases(lambda: Cases(way.lake, broken, way.plans))
    with pytest.raises(RuntimeError, match="no worker can be started"):
        run(way, Gate(way.lake, way.pool, {}, "r", way.now_us, early=begun))
    assert cases.pending(way.lake, "s").height == cases.WORTH_A_POOL


def test_rows_of_raw_that_come_meanwhile_wait_for_the_next_run(way: Way) -> None:
    way.observe(item("before.txt", b"Heron."))
    begun = early_cases(lambda: Cases(way.lake, way.pool, way.plans))
    assert begun.new["s"].height == 1
    way.observe(item("meanwhile.txt", b"Spider."))
    run(way, Gate(way.lake, way.pool, {}, "r", way.now_us, early=begun))
    assert [row["source_id"] for row in way.rows("items")] == ["before.txt"]
    way.derive("gate")
    assert len(way.rows("items")) == 2


def test_two_that_judge_the_same_store_it_once(way: Way) -> None:
    way.observe(*ITEMS)
    begun = early_cases(lambda: Cases(way.lake, way.pool, way.plans))
    assert begun.new["s"].height == len(ITEMS)
    way.derive("gate")
    run(way, Gate(way.lake, way.pool, {}, "r", way.now_us, early=begun))
    assert len(way.rows("items")) == len(ITEMS)


def test_what_is_begun_early_comes_to_the_same_rows(way: Way, tmp_path: Any) -> None:
    other = replace(way, lake=open_lake(tmp_path / "other"))
    for each in (way, other):
        asset_rows(each)
    way.derive("texts", "segments", "embeddings")
    run_id = f"run{way.runs}"
    early, ahead = early_reading(other.lake, other.pool), Ahead(other.pool, other.model.name)
    nobody: Any = Nobody()
    run(other, Texts(other.lake, nobody, run_id, other.now_us, early=early, ahead=ahead))
    run(other, Segments(other.lake, run_id))
    run(other, Embeddings(other.lake, nobody, other.model, run_id, ahead=ahead))
    for table in TOLD:
        assert content(other, table) == content(way, table) != []
    assert len(other.rows("embeddings")) == len(ITEMS)


def test_reading_waits_for_whoever_takes_it(way: Way, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(early_module, "WAITING_BYTES", 1)
    asset_rows(way)
    early = early_reading(way.lake, way.pool)
    outcomes = early.outcomes()
    first = next(outcomes)
    until(lambda: bool(early._waiting))
    time.sleep(0.1)
    assert len(early._waiting) == 1, "no more than one is over the bound"
    assert {row["filename"] for row, _ in (first, *outcomes)} == {"one.md", "two.md", "three.md",
                                                                "four.md"}  # fmt: skip


def test_reading_ends_where_nobody_takes_it(way: Way, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(early_module, "WAITING_BYTES", 1)
    asset_rows(way)
    before = threading.active_count()
    with handing_over():
        early = left(KEY, lambda: early_reading(way.lake, way.pool))
        assert early is not None
        until(lambda: bool(early._waiting))
    until(lambda: threading.active_count() <= before)
    way.derive("texts")
    assert len(way.rows("texts")) == len(ITEMS)


def test_reading_tells_whoever_takes_it_what_went_wrong(way: Way) -> None:
    asset_rows(way)
    broken: Any = Broken(RuntimeError("no worker can be started"))
    early = early_reading(way.lake, broken)
    with pytest.raises(RuntimeError, match="no worker can be started"):
        run(way, Texts(way.lake, way.pool, "r", way.now_us, early=early))
    assert pending(way.lake).height == len(ITEMS)


@pytest.mark.parametrize("error", [RuntimeError("no worker can be started"), None])
def test_vectors_that_are_not_there_are_made(way: Way, error: Exception | None) -> None:
    asset_rows(way)
    broken: Any = Broken(error)
    ahead = Ahead(broken, way.model.name)
    run(way, Texts(way.lake, way.pool, f"run{way.runs}", way.now_us, ahead=ahead))
    way.derive("segments")
    run(way, Embeddings(way.lake, way.pool, way.model, "r", ahead=ahead))
    assert way.broken_checks("vectors_complete") == []
    assert way.rows("embeddings")


def test_vectors_that_nobody_takes_are_not_made(way: Way) -> None:
    ahead = Ahead(way.pool, way.model.name)
    ahead.want((str(number), f"text number {number}") for number in range(20_000))
    ahead.close()
    assert len(ahead.vectors()) < 20_000


def test_vectors_held_are_bounded(way: Way, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ahead_module, "MOST_TEXTS", 3)
    asset_rows(way)
    ahead = Ahead(way.pool, way.model.name)
    run(way, Texts(way.lake, way.pool, f"run{way.runs}", way.now_us, ahead=ahead))
    way.derive("segments")
    assert len(ahead.vectors()) == 3
    run(way, Embeddings(way.lake, way.pool, way.model, "r", ahead=ahead))
    assert way.broken_checks("vectors_complete") == []


def test_only_texts_of_this_run_are_wanted_ahead(way: Way) -> None:
    """A folder that was moved has new segments of old texts: their vectors are there."""
    asset_rows(way)
    way.derive("texts", "segments", "embeddings")
    way.observe(*(each._replace(source_id=f"moved/{each.source_id}") for each in ITEMS))
    way.derive("gate", "assets")
    ahead = Ahead(way.pool, way.model.name)
    run(way, Texts(way.lake, way.pool, f"run{way.runs}", way.now_us, ahead=ahead))
    way.derive("segments")
    assert not ahead.vectors()
    assert len({row["asset_id"] for row in way.rows("segments")}) == 2 * len(ITEMS)


def test_nothing_is_begun_for_nobody(way: Way) -> None:
    assert left("key", lambda: Ahead(way.pool, "m")) is None
    with handing_over():
        thing = left("key", lambda: Ahead(way.pool, "m"))
        assert taken("key") is thing is not None


def ids(publication: Any) -> tuple[list[str], list[str]]:
    new = [id_ for batch in publication.new for id_ in batch["segment_id"].to_pylist()]
    return sorted(new), sorted(publication.gone)


def test_a_gap_found_early_is_the_same(way: Way) -> None:
    way.observe(*ITEMS)
    way.derive()
    way.observe(item("one.md", b"# Otter\n\nIt swims.\n"))
    way.derive("gate", "assets", "texts", "segments")
    early = EarlyGap(way.lake, way.model)
    early.result()
    way.derive("embeddings")
    found = ids(publication(way.lake, way.model, early=early))
    assert found == ids(publication(way.lake, way.model))
    assert all(found), "something comes and something goes"


@pytest.mark.parametrize("meanwhile", ["published", "segmented"])
def test_a_gap_that_no_longer_holds_is_looked_for_again(way: Way, meanwhile: str) -> None:
    way.observe(*ITEMS[:2])
    way.derive("gate", "assets", "texts", "segments", "embeddings")
    early = EarlyGap(way.lake, way.model)
    assert len(early.result().new)
    if meanwhile == "published":
        way.publish()
        assert ids(publication(way.lake, way.model, early=early)) == ([], [])
    else:
        way.observe(*ITEMS[2:])
        way.derive("gate", "assets", "texts", "segments", "embeddings")
        found = ids(publication(way.lake, way.model, early=early))
        assert found == ids(publication(way.lake, way.model))
        assert len(found[0]) > len(early.result().new)
