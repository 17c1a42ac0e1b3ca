"""Writes a lake at once or in tiny runs, maintains it, or reads it: write, maintain, read."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime

import pyarrow as pa

from dataq_lake.embedders import embedder
from dataq_lake.ids import make_id
from dataq_lake.indexes.documents import DOCUMENTS, Publication
from dataq_lake.indexes.folder import indexes_in
from dataq_lake.indexes.manifest import Model
from dataq_lake.indexes.publish import publish
from dataq_lake.lake import Lake, open_lake
from dataq_lake.maintenance.keeping import Keeping
from dataq_lake.maintenance.task import Job, tasks
from dataq_lake.search import search

WORDS = "gauge ledger invoice harbour winter signal orchard copper voyage lantern".split()  # noqa: SIM905
QUERIES = (
    "select count(*), max(sequence) from raw",
    'select source, "window", count(*), sum(size) from raw group by all',
    "select segment_type, count(*), avg(length(text)) from segments group by all",
    "select count(*) from segments where text ilike '%harbour%'",
    "select r.source_id, s.text from segments s join raw r on r.item_id = s.asset_id "
    "order by s.id limit 50",
)


def write(root: str, writes: int, rows: int, published: int, way: str) -> None:
    """The same rows, in as many commits or in one."""
    lake = open_lake(root)
    begun = time.perf_counter()
    numbers = list(range(writes))
    if way == "once":
        _append(lake, numbers, rows)
        lake.save_state("s", b"state")
        _publish(lake, numbers, rows)
    else:
        for number in numbers:
            _append(lake, [number], rows)
            lake.save_state("s", b"state %d" % number)
            if number % published == published - 1 or number == writes - 1:
                _publish(lake, numbers[number - number % published : number + 1], rows)
    _tell(lake, begun)


def _append(lake: Lake, numbers: list[int], rows: int) -> None:
    raw, segments = lake.raw("s"), lake.table("segments")
    raw.append([_raw(number, rows, raw.table.schema) for number in numbers])
    segments.insert_new([_segments(number, rows, segments.table.schema) for number in numbers])


def _text(number: int, row: int) -> str:
    return " ".join(WORDS[(number * 7 + row * 3 + n * n) % len(WORDS)] for n in range(30))


def _raw(number: int, rows: int, schema: pa.Schema) -> pa.RecordBatch:
    now = datetime(2026, 1, 1 + number % 28, tzinfo=UTC)
    found = [
        {
            "item_id": make_id("item", number, row),
            "source": "s",
            "source_id": f"{number}/{row}.txt",
            "sequence": number * rows + row,
            "timestamp": now,
            "window": "2026-01",
            "op": "upsert",
            "size": 200,
            "payload": _text(number, row).encode(),
        }
        for row in range(rows)
    ]
    return pa.RecordBatch.from_pylist(found, schema=schema)


def _segments(number: int, rows: int, schema: pa.Schema) -> pa.RecordBatch:
    found = [
        {
            "id": make_id("segment", number, row),
            "asset_id": make_id("item", number, row),
            "segment_type": "paragraph",
            "sequence_number": 0,
            "start_marker": {"char": 0},
            "text": _text(number, row),
        }
        for row in range(rows)
    ]
    return pa.RecordBatch.from_pylist(found, schema=schema)


def _publish(lake: Lake, numbers: list[int], rows: int) -> None:
    model = embedder()
    named = Model(model.name, model.version, model.dimensions)
    publish(lake, Publication(named, _documents(numbers, rows)))


def _documents(numbers: list[int], rows: int) -> Iterator[pa.RecordBatch]:
    for number in numbers:
        texts = [_text(number, row) for row in range(rows)]
        vectors = embedder().embed(texts).tolist()
        found = [
            {
                "segment_id": make_id("segment", number, row),
                "asset_id": make_id("item", number, row),
                "source": "s",
                "path": f"{number}/{row}.txt",
                "mime_type": "text/plain",
                "text": texts[row],
                "vector": vectors[row],
            }
            for row in range(rows)
        ]
        yield pa.RecordBatch.from_pylist(found, schema=DOCUMENTS)


def maintain(root: str) -> None:
    """Every task, as if it were a month later, so that there is something to retire."""
    lake = open_lake(root)
    begun = time.perf_counter()
    for task in tasks():
        report = task.run(lake, Job(keeping=Keeping(0, 0)))
        assert report.complete, report
    _tell(lake, begun)


def read(root: str) -> None:
    """Opens the lake, asks, scans and searches."""
    import duckdb  # noqa: F401 - loading it is not what is measured
    import polars as pl

    embedder().embed(["warm"])
    begun = time.perf_counter()
    lake = open_lake(root)
    for text in QUERIES:
        lake.sql(text).fetchall()
    for handle in (lake.raw("s"), lake.table("segments")):
        handle.scan().select(pl.all().hash().sum()).collect(engine="streaming")
    found = [len(search(lake, f"{word} orchard", k=10)) for word in WORDS]
    assert all(found), found
    print(json.dumps({"seconds": time.perf_counter() - begun}))


def _tell(lake: Lake, begun: float) -> None:
    latest = indexes_in(lake.root).latest()
    told = {
        "seconds": time.perf_counter() - begun,
        "files": sum(len(lake.table(name).files()) for name in lake.stored()),
        "parts": len(latest.parts) if latest else 0,
        "states": lake.table("plugin_state").count(),
    }
    print(json.dumps(told))


if __name__ == "__main__":
    if sys.argv[1] == "write":
        _, _, root, writes, rows, published, way = sys.argv
        write(root, int(writes), int(rows), int(published), way)
    else:
        {"maintain": maintain, "read": read}[sys.argv[1]](sys.argv[2])
