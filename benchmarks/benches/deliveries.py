"""Rows to a local receiver, each batch planned on record before and recorded after."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.command import BenchFailed
from benchmarks.command import run as command
from benchmarks.measure import Bar, Measure, median, paired
from benchmarks.setting import DRIVERS, REFERENCES, Setting

ROWS, BATCH = 10_000, 100
BAR = Bar(0.7, "least")


def run(setting: Setting) -> list[Measure]:
    """Return the rate of our deliveries as a share of httpx's, posting the same bodies."""
    rows = setting.scaled(ROWS, BATCH)
    with setting.folder("deliveries") as folder:
        _make_lake(folder / "lake", rows)
        with _receiving(folder / "received.sqlite") as url:
            _ours(folder, url)  # what it has taken are the bodies of the reference
            _save_bodies(folder)
            pairs = paired(
                setting.runs, lambda: _ours(folder, url), lambda: _httpx(folder, url)["loop"]
            )
            whole = median([_httpx(folder, url)["whole"] for _ in range(3)])
    ratios = tuple(1 / each for each in pairs.ratios)
    ours, reference = median(pairs.ours), median(pairs.reference)
    return [
        Measure(
            f"{rows:,} rows delivered in batches of {BATCH}",
            median(ratios),
            "×",
            BAR,
            f"{rows / ours:,.0f} rows/s",
            f"bare httpx: {rows / reference:,.0f} rows/s",
            ratios,
            "Ours is the whole of a delivery: finding what is new, the start of the plugin's "
            "process, the plan on record, every request, the record of what was taken. Of httpx "
            "only the loop of requests counts, bodies in memory; with its import a script takes "
            f"{whole:.2f} s (ours {ours:.2f} s). The receiver keeps each body on disk before it "
            "answers.",
        )
    ]


def _ours(folder: Path, url: str) -> float:
    done = command([sys.executable, DRIVERS / "deliver.py", folder / "lake", url, str(BATCH), "2"])
    return float(done.json()["seconds"][-1])  # the second: the first imports


def _httpx(folder: Path, url: str) -> dict[str, float]:
    return command([sys.executable, REFERENCES / "post_bodies.py", folder / "bodies", url]).json()


def _save_bodies(folder: Path) -> None:
    bodies = folder / "bodies"
    bodies.mkdir()
    with closing(sqlite3.connect(folder / "received.sqlite")) as db:
        first = db.execute("select key, body from bodies group by body").fetchall()
    for key, body in first:
        (bodies / key).write_bytes(body)


@contextmanager
def _receiving(file: Path) -> Iterator[str]:
    argv = [sys.executable, str(REFERENCES / "receiver.py"), str(file)]
    process = subprocess.Popen(argv, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        port = process.stdout.readline().strip()
        if not port:
            raise BenchFailed("the receiver did not start")
        yield f"http://127.0.0.1:{port}/rows"
    finally:
        process.kill()
        process.wait()


def _make_lake(place: Path, rows: int) -> None:
    import pyarrow as pa

    from dataq_lake.lake import open_lake

    items = open_lake(place).table("items")
    at = datetime(2026, 1, 2, tzinfo=UTC)
    made = [
        {
            "item_id": f"{number:032x}",
            "source": "bench",
            "source_id": f"folder/{number % 100}/file {number}.txt",
            "sequence": number,
            "timestamp": at,
            "declared_type": "text/plain",
            "detected_type": "text/plain",
            "language": "en",
            "title": f"What was written on page {number}",
            "text_length": number % 5_000,
            "content_hash": f"{number:064x}",
        }
        for number in range(rows)
    ]
    items.append([pa.RecordBatch.from_pylist(made, schema=items.table.schema)])
