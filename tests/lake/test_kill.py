"""A writer that is killed leaves what it had committed, and its work can be taken up again."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from dataq_lake.lake import Lake
from tests.lake.conftest import Rows

pytestmark = [
    pytest.mark.usefixtures("engine"),
    pytest.mark.engines("delta", "file", "postgres", heavy=("file", "postgres")),
]

WRITER = """
import sys
import pyarrow as pa
from dataq_lake import accepting, writing
from dataq_lake.lake import open_lake
writing.COMMIT_ROWS = accepting.GATHER_ROWS = 10
writing.PAUSE_SECONDS = 0
handle = open_lake(sys.argv[1]).table("items")
def stream():
    for number in range(1_000_000):
        row = {"item_id": f"{number:032x}", "payload": b"x" * 10_000}
        yield pa.RecordBatch.from_pylist([row], schema=handle.table.schema)
handle.%s(stream(), committed=lambda written: print(written.rows, flush=True))
"""


@pytest.mark.parametrize("write", ["append", "insert_new"])
def test_a_killed_writer_leaves_what_it_had_committed(lake: Lake, rows: Rows, write: str) -> None:
    command = [sys.executable, "-c", WRITER % write, str(lake.root)]
    root = Path(__file__).resolve().parents[2]
    told = 0
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=root) as process:
        assert process.stdout
        for _ in range(3):
            told += int(process.stdout.readline())
        process.send_signal(signal.SIGKILL)
    handle = lake.table("items")
    found = sorted(handle.scan(["item_id"]).collect().to_series())
    assert len(found) >= told == 30
    assert found == [f"{number:032x}" for number in range(len(found))], "no hole, nothing twice"
    assert all(batch.num_rows for batch in handle.batches(["payload"]))
    again = [f"{number:032x}" for number in range(len(found) + 5)]
    assert handle.insert_new([rows("items", again)]).rows == 5
