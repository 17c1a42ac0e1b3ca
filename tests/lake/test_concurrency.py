"""Several processes write to one table at once, and nothing is lost or there twice."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from dataq_lake.difference import Difference
from dataq_lake.lake import Lake
from tests.lake.writers import Write, Writer, at_once, key

WRITERS = 3
pytestmark = pytest.mark.usefixtures("engine")


def insert(writer: Writer) -> None:
    batches = [writer.batch(range(n * 50, n * 50 + 100)) for n in range(6)]
    for one in batches:
        writer.handle.insert_new([one])


def append(writer: Writer) -> None:
    for n in range(10):
        first = writer.me * 100 + n * 10
        writer.handle.append([writer.batch(range(first, first + 10))])


def replace(writer: Writer) -> None:
    own = writer.me + 1
    for _ in range(4):
        writer.handle.apply(Difference([writer.batch([0, own])], [key(0), key(own)]))


@pytest.mark.engines("delta", "file", "postgres", heavy=("file",))
@pytest.mark.parametrize(("write", "expected"), [(insert, 350), (append, WRITERS * 100)])
def test_nothing_is_lost_or_there_twice(lake: Lake, write: Write, expected: int) -> None:
    at_once(write, lake, WRITERS)
    ids = lake.table("segments").scan(["id"]).collect().to_series()
    assert (ids.len(), ids.n_unique()) == (expected, expected)
    told = sum(commit.rows for commit in lake.table("segments").history())
    assert told == expected, "the log counts each row once, whoever wrote it"


@pytest.mark.engines("delta")
def test_no_file_is_left_of_a_lost_race(lake: Lake) -> None:
    at_once(insert, lake, WRITERS)
    on_disk = {path.name for path in (lake.root / "tables" / "segments").glob("*.parquet")}
    live = {path.name for path in lake.table("segments").files()}
    merged = any(not commit.rows and commit.files for commit in lake.table("segments").history())
    assert live <= on_disk if merged else live == on_disk


@pytest.mark.engines("delta", "file", "postgres", heavy=("file", "postgres"))
def test_threads_of_one_process_share_a_lake(lake: Lake) -> None:
    """Sources are extracted side by side, and all keep their state in one table."""
    sources = [f"source_{number}" for number in range(6)]

    def archive(source: str) -> None:
        for number in range(8):
            with lake.blobs.writer() as writer:
                writer.write(f"{source} {number}".encode())
                writer.commit()
            lake.save_state(source, str(number).encode())

    with ThreadPoolExecutor(len(sources)) as threads:
        list(threads.map(archive, sources))
    assert [lake.state(source) for source in sources] == [b"7"] * len(sources)
    assert lake.table("plugin_state").count() == 48
    assert len(list(lake.blobs.folder.glob("??/*"))) == 48


@pytest.mark.engines("delta", "file", "postgres", heavy=("file", "postgres"))
def test_replacing_the_same_row_leaves_one(lake: Lake) -> None:
    at_once(replace, lake, WRITERS)
    rows = lake.table("segments").scan(["id", "sequence_number"]).sort("id").collect()
    assert rows["id"].to_list() == [f"{number:032x}" for number in range(WRITERS + 1)]
    assert rows["sequence_number"].to_list()[1:] == list(range(WRITERS))
