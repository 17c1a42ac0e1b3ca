"""Several processes write to one table at once, and nothing is lost or there twice."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from dataq_lake.lake import Lake

WRITERS = 3
pytestmark = pytest.mark.usefixtures("engine")

INSERT = """
batches = [batch(range(n * 50, n * 50 + 100)) for n in range(6)]
for one in batches:
    handle.insert_new([one])
"""
APPEND = """
for n in range(10):
    handle.append([batch(range(me * 100 + n * 10, me * 100 + n * 10 + 10))])
"""
REPLACE = """
for n in range(4):
    handle.apply(Difference([batch([0, me + 1])], [key(0), key(me + 1)]))
"""
PRELUDE = """
import sys
import pyarrow as pa
from dataq_lake.difference import Difference
from dataq_lake.lake import open_lake
me, handle = int(sys.argv[2]), open_lake(sys.argv[1]).table("segments")
key = "{:032x}".format
def batch(numbers):
    rows = [{"id": key(number), "sequence_number": me} for number in numbers]
    return pa.RecordBatch.from_pylist(rows, schema=handle.table.schema)
sys.stdin.readline()  # all start together
"""


def at_once(script: str, lake: Lake) -> None:
    """Runs `script` in WRITERS processes that start it at the same moment."""
    root = Path(__file__).resolve().parents[2]
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", PRELUDE + script, str(lake.root), str(number)],
            stdin=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=root,
            text=True,
        )
        for number in range(WRITERS)
    ]
    for process in processes:
        assert process.stdin
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in processes:
        _, errors = process.communicate(timeout=120)
        assert process.returncode == 0, errors


@pytest.mark.engines("delta", "file", "postgres", heavy=("file",))
@pytest.mark.parametrize(("script", "expected"), [(INSERT, 350), (APPEND, WRITERS * 100)])
def test_nothing_is_lost_or_there_twice(lake: Lake, script: str, expected: int) -> None:
    at_once(script, lake)
    ids = lake.table("segments").scan(["id"]).collect().to_series()
    assert (ids.len(), ids.n_unique()) == (expected, expected)
    told = sum(commit.rows for commit in lake.table("segments").history())
    assert told == expected, "the log counts each row once, whoever wrote it"


@pytest.mark.engines("delta")
def test_no_file_is_left_of_a_lost_race(lake: Lake) -> None:
    at_once(INSERT, lake)
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
    at_once(REPLACE, lake)
    rows = lake.table("segments").scan(["id", "sequence_number"]).sort("id").collect()
    assert rows["id"].to_list() == [f"{number:032x}" for number in range(WRITERS + 1)]
    assert rows["sequence_number"].to_list()[1:] == list(range(WRITERS))
