"""Writes a table of segments, or asks five questions of it in two ways, in turn."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa

from dataq_lake.lake import Lake, open_lake
from dataq_lake.limits import Limits
from dataq_lake.sql import query

ROWS = 50_000
TYPES = ("paragraph", "heading", "code", "table", "list")
WORDS = ("the", "lake", "keeps", "every", "row", "with", "its", "way", "back", "to", "bytes")
QUERIES = {
    "count": "select count(*), max(sequence_number) from segments",
    "by type": "select segment_type, count(*), avg(length(text)) from segments group by all",
    "one asset": "select id, text from segments where asset_id = '{asset}' order by id",
    "word": "select count(*) from segments where text ilike '%gauge%'",
    "longest": "select id, start_marker.line, length(text) from segments order by 3 desc, 1 "
    "limit 20",
}


def write(root: str, count: int) -> None:
    """Appends `count` segments, 40 an asset."""
    random = np.random.default_rng(1)
    handle = open_lake(root).table("segments")

    def batches() -> Iterator[pa.RecordBatch]:
        for start in range(0, count, ROWS):
            numbers = range(start, min(start + ROWS, count))
            lengths = random.integers(5, 60, len(numbers))
            picked = random.integers(0, len(WORDS), int(lengths.sum()))
            words, at = [WORDS[n] for n in picked], 0
            texts = []
            for number, length in zip(numbers, lengths, strict=True):
                extra = " gauge" if number % 997 == 0 else ""
                texts.append(" ".join(words[at : at + length]) + extra)
                at += length
            marks = [{"char": int(n), "line": int(n % 1000)} for n in range(len(numbers))]
            columns = {
                "id": [f"{number * 2654435761 % 2**64:032x}" for number in numbers],
                "asset_id": [f"{number // 40:032x}" for number in numbers],
                "text_id": [f"{number // 40:032x}" for number in numbers],
                "segment_type": [TYPES[number % len(TYPES)] for number in numbers],
                "sequence_number": [number % 40 for number in numbers],
                "start_marker": marks,
                "end_marker": marks,
                "text": texts,
                "text_hash": [f"{number:064x}" for number in numbers],
                "confidence_score": [1.0] * len(numbers),
                "run_id": ["bench"] * len(numbers),
            }
            schema = handle.table.schema
            arrays = [pa.array(columns[field.name], field.type) for field in schema]
            yield pa.RecordBatch.from_arrays(arrays, schema=schema)

    handle.append(batches())


def ask(root: str, runs: int) -> None:
    """Print the seconds of each query in both ways; the answers must be the same."""
    lake = open_lake(root)
    files = [str(path) for path in lake.table("segments").files()]
    found = {}
    for name, text in QUERIES.items():
        asked = text.format(asset=f"{3:032x}")
        ways = (lambda t=asked: _ours(lake, t), lambda t=asked: _reference(files, t))
        assert ways[0]() == ways[1](), name
        times: tuple[list[float], list[float]] = ([], [])
        for number in range(max(5, runs)):
            for way in (0, 1) if number % 2 else (1, 0):
                times[way].append(_seconds(ways[way]))
        found[name] = times
    print(json.dumps(found))


def _ours(lake: Lake, text: str) -> list[tuple[object, ...]]:
    return query(lake, text).fetchall()


def _reference(files: list[str], text: str) -> list[tuple[object, ...]]:
    with duckdb.connect(":memory:") as connection:
        connection.execute(f"set memory_limit = '{Limits().memory}'")
        listed = ", ".join(f"'{file}'" for file in files)
        return connection.execute(
            text.replace("from segments", f"from read_parquet([{listed}])")
        ).fetchall()


def _seconds(call: Callable[[], object]) -> float:
    begun = time.perf_counter()
    call()
    return time.perf_counter() - begun


if __name__ == "__main__":
    if sys.argv[1] == "write":
        write(sys.argv[2], int(sys.argv[3]))
    else:
        ask(str(Path(sys.argv[2])), int(sys.argv[3]))
