"""Small writes of many producers share commits; who is told has its rows on disk."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from dataq_lake import writing
from dataq_lake.errors import FixTheCall, NotWritable, WrongSchema
from dataq_lake.group_commit import GroupCommit
from dataq_lake.lake import Lake
from dataq_lake.table import TableHandle
from dataq_lake.written import Written
from tests.lake.conftest import Rows

ROOT = Path(__file__).resolve().parents[2]
PRODUCERS = 8

on_every_engine = pytest.mark.engines("delta", "file", "postgres", heavy=("file", "postgres"))


@pytest.fixture
def items(lake: Lake) -> TableHandle:
    return lake.table("items")


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Commits wait until it is set."""
    opened = threading.Event()
    real = writing.commit

    def gated(*args: Any, **more: Any) -> Any:
        assert opened.wait(30)
        return real(*args, **more)

    monkeypatch.setattr(writing, "commit", gated)
    yield opened
    opened.set()


def stored(handle: TableHandle) -> list[str]:
    return sorted(handle.scan(["item_id"]).collect().to_series())


def test_every_producer_is_told_and_commits_are_shared(items: TableHandle, rows: Rows) -> None:
    def produce(group: GroupCommit, me: int) -> list[Future[Written]]:
        return [group.submit(rows("items", [f"{me}-{n:03}"])) for n in range(50)]

    with GroupCommit(items) as group, ThreadPoolExecutor(PRODUCERS) as threads:
        told = [
            f for fs in threads.map(lambda me: produce(group, me), range(PRODUCERS)) for f in fs
        ]
        assert all(future.result(60).rows for future in told)
    assert stored(items) == sorted(f"{me}-{n:03}" for me in range(PRODUCERS) for n in range(50))
    commits = [commit for commit in items.history() if commit.rows]
    assert sum(commit.rows for commit in commits) == 400
    assert len(commits) < 100


@on_every_engine
def test_who_is_told_finds_its_rows(lake: Lake, rows: Rows, engine: str) -> None:
    items = lake.table("items")
    with GroupCommit(items, max_wait=0) as group:
        for number in range(5):
            written = group.submit(rows("items", [f"{number}"])).result(60)
            assert stored(items) == [f"{n}" for n in range(number + 1)]
            assert written.version == items.version()


@pytest.mark.parametrize("kind", ["columns", "text"])
def test_a_poisoned_batch_fails_alone(items: TableHandle, rows: Rows, kind: str) -> None:
    bad = rows("items", ["bad"])
    if kind == "columns":
        bad = bad.drop_columns(["source"])
    else:
        broken = pa.Array.from_buffers(
            pa.string(), 1, [None, pa.py_buffer(b"\0\0\0\0\2\0\0\0"), pa.py_buffer(b"\xff\xfe")]
        )
        bad = bad.set_column(bad.schema.get_field_index("title"), "title", broken)
    with GroupCommit(items, max_wait=0.2) as group:
        good = group.submit(rows("items", ["a"]))
        poisoned = group.submit(bad)
        other = group.submit(rows("items", ["b"]))
        assert good.result(60) == other.result(60), "one commit"
        with pytest.raises(WrongSchema):
            poisoned.result(60)
    assert stored(items) == ["a", "b"]


def test_a_failed_commit_reaches_those_whose_rows_were_in_it(
    items: TableHandle, rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = writing.commit

    def failing(handle: TableHandle, change: Any, *more: Any) -> Any:
        if change.new[0].rows == 2:
            raise OSError(28, "No space left on device")
        return real(handle, change, *more)

    monkeypatch.setattr(writing, "commit", failing)
    with GroupCommit(items, max_wait=0.3, max_rows=2) as group:
        told = [group.submit(rows("items", [name])) for name in ("a", "b", "c")]
        assert isinstance(told[0].exception(60), NotWritable)
        assert isinstance(told[1].exception(60), NotWritable)
        assert told[2].result(60).rows == 1
    assert stored(items) == ["c"]


def test_what_a_group_commits_in_pieces_is_told_in_pieces(
    items: TableHandle, rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first of its commits stays made when the second fails."""
    monkeypatch.setattr(writing, "COMMIT_ROWS", 2)
    monkeypatch.setattr(writing, "PAUSE_SECONDS", 0)
    real, made = writing.commit, []

    def failing(*args: Any) -> Any:
        if made:
            raise OSError(28, "No space left on device")
        made.append(1)
        return real(*args)

    monkeypatch.setattr(writing, "commit", failing)
    with GroupCommit(items, max_wait=0.3) as group:
        told = [group.submit(rows("items", [name])) for name in ("a", "b", "c")]
        assert [future.exception(60) for future in told[:2]] == [None, None]
        assert isinstance(told[2].exception(60), NotWritable)
    assert stored(items) == ["a", "b"]


def test_a_full_queue_makes_producers_wait(
    items: TableHandle, rows: Rows, gate: threading.Event
) -> None:
    with GroupCommit(items, max_wait=0, max_rows=2) as group, ThreadPoolExecutor(1) as thread:
        taken: list[Future[Written]] = []

        def produce() -> None:
            for number in range(20):
                future = group.submit(rows("items", [f"{number:02}"]))
                taken.append(future)

        producing = thread.submit(produce)
        with pytest.raises(TimeoutError):
            producing.result(1)
        # one group that is being committed, and two that wait
        assert len(taken) <= 2 + 4
        gate.set()
        producing.result(60)
    assert all(future.done() for future in taken)
    assert len(stored(items)) == 20


def test_a_waiting_producer_hears_of_the_end(
    items: TableHandle, rows: Rows, gate: threading.Event
) -> None:
    group = GroupCommit(items, max_wait=0, max_rows=1)
    outcome: list[BaseException | None] = []

    def produce() -> None:
        try:
            while True:
                group.submit(rows("items", ["x"]))
        except FixTheCall as error:
            outcome.append(error)

    producer = threading.Thread(target=produce)
    producer.start()
    closing = threading.Thread(target=group.close)
    closing.start()
    producer.join(30)
    assert isinstance(outcome[0], FixTheCall)
    gate.set()
    closing.join(30)
    with pytest.raises(FixTheCall, match="is closed"):
        group.submit(rows("items", ["late"]))


def test_closing_commits_what_waits(items: TableHandle, rows: Rows) -> None:
    group = GroupCommit(items, max_wait=30)
    told = [group.submit(rows("items", [name])) for name in ("a", "b")]
    group.close()
    group.close()
    assert {future.result(0).rows for future in told} == {2}
    assert stored(items) == ["a", "b"]


def test_what_is_cancelled_in_time_is_not_written(items: TableHandle, rows: Rows) -> None:
    group = GroupCommit(items, max_wait=30)
    kept, cancelled = group.submit(rows("items", ["a"])), group.submit(rows("items", ["b"]))
    assert cancelled.cancel()
    group.close()
    assert kept.result(0).rows == 1
    assert stored(items) == ["a"]


def test_no_rows_are_soon_told(items: TableHandle, rows: Rows) -> None:
    with GroupCommit(items) as group:
        assert group.submit(rows("items", [])).result(60).rows == 0


@pytest.mark.parametrize("wrong", [{"max_wait": -1}, {"max_rows": 0}, {"max_bytes": 0}])
def test_impossible_groups_are_refused(items: TableHandle, wrong: dict[str, Any]) -> None:
    with pytest.raises(FixTheCall):
        GroupCommit(items, **wrong)


PRODUCER = """
import sys, threading
import pyarrow as pa
from dataq_lake.group_commit import GroupCommit
from dataq_lake.lake import open_lake
handle = open_lake(sys.argv[1]).table("items")
group, telling = GroupCommit(handle, max_wait=0.002, max_rows=400), threading.Lock()
def tell(future, name):
    future.result()
    with telling:
        print(name, flush=True)
def produce(me):
    for number in range(1_000_000):
        name = f"{me}-{number:08}"
        row = {"item_id": name, "payload": b"x" * 1000}
        future = group.submit(pa.RecordBatch.from_pylist([row], schema=handle.table.schema))
        future.add_done_callback(lambda done, name=name: tell(done, name))
producers = [threading.Thread(target=produce, args=(me,)) for me in range(8)]
for producer in producers:
    producer.start()
for producer in producers:
    producer.join()
"""


@on_every_engine
@pytest.mark.parametrize("after", [1, 1500])
def test_whoever_was_told_before_a_kill_has_its_rows(lake: Lake, after: int, engine: str) -> None:
    command = [sys.executable, "-c", PRODUCER, str(lake.root)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT, text=True) as process:
        assert process.stdout
        told = [process.stdout.readline() for _ in range(after)]
        process.send_signal(signal.SIGKILL)
        told += process.stdout.readlines()
    names = {line.strip() for line in told if line.endswith("\n")}
    found = stored(lake.table("items"))
    assert len(names) >= after
    assert names <= set(found)
    assert len(found) == len(set(found))
