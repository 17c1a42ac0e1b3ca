"""The state of a source never stands for rows that are not on disk."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest

from dataq_lake import writing
from dataq_lake.committing import Change
from dataq_lake.lake import Lake
from dataq_lake.schemas import raw_table
from dataq_lake.table import TableHandle
from dataq_lake.written import CommitInfo, Written
from dataq_plugins.errors import PluginCrashed
from dataq_resources.lake import HomeResource
from dataq_resources.raw import RawWriter

Batches = Iterator[tuple[pa.RecordBatch, bytes | None]]


def batch(first: int, count: int) -> pa.RecordBatch:
    rows = [
        {"item_id": f"{n:032x}", "source": "s", "source_id": str(n), "sequence": n}
        for n in range(first, first + count)
    ]
    return pa.RecordBatch.from_pylist(rows, schema=raw_table("s").schema)


@pytest.fixture
def writer(home: Path, monkeypatch: pytest.MonkeyPatch) -> RawWriter:
    monkeypatch.setattr(writing, "COMMIT_ROWS", 5)
    return RawWriter(HomeResource(path=str(home)), "s", "run")


@pytest.fixture
def kept(writer: RawWriter, monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """For each state kept, the rows it stands for and those that could be read at that time."""
    found: list[tuple[int, int]] = []
    save = Lake.save_state

    def looked_at(lake: Lake, source: str, state: bytes, run_id: str = "") -> object:
        found.append((int(state), lake.raw(source).count()))
        return save(lake, source, state, run_id)

    monkeypatch.setattr(Lake, "save_state", looked_at)
    return found


def test_a_state_is_kept_once_its_rows_are_durable(
    writer: RawWriter, kept: list[tuple[int, int]]
) -> None:
    def stream() -> Batches:
        for first in range(0, 40, 2):
            yield batch(first, 2), str(first + 2).encode()

    writer.drain(stream())
    assert all(stands_for <= there for stands_for, there in kept)
    assert [stands_for for stands_for, _ in kept] == [6, 12, 18, 24, 30, 36, 40]
    assert writer.home.lake.state("s") == b"40"


def test_a_state_without_rows_is_kept_at_the_end(
    writer: RawWriter, kept: list[tuple[int, int]]
) -> None:
    def stream() -> Batches:
        yield batch(0, 3), None
        yield batch(0, 0), b"3"

    writer.drain(stream())
    assert kept == [(3, 3)]


def test_an_error_keeps_the_state_of_what_came_before(
    writer: RawWriter, kept: list[tuple[int, int]]
) -> None:
    def stream() -> Batches:
        yield batch(0, 6), b"6"
        yield batch(6, 1), b"7"
        raise PluginCrashed("it is gone")

    with pytest.raises(PluginCrashed):
        writer.drain(stream())
    assert writer.home.lake.raw("s").count() == 7
    assert kept[-1] == (7, 7)


def test_a_commit_that_fails_keeps_no_state_for_its_rows(
    writer: RawWriter, kept: list[tuple[int, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    commits = 0
    make = writing.commit

    def failing(handle: TableHandle, change: Change, info: CommitInfo) -> Written | None:
        nonlocal commits
        commits += handle.name == "raw_s"
        if commits == 2:
            raise OSError(28, "No space left on device")
        return make(handle, change, info)

    monkeypatch.setattr(writing, "commit", failing)

    def stream() -> Batches:
        for first in range(0, 40, 5):
            yield batch(first, 5), str(first + 5).encode()

    with pytest.raises(Exception, match="No space left"):
        writer.drain(stream())
    assert writer.home.lake.state("s") == b"5"
    assert writer.home.lake.raw("s").count() == 5
