"""Makes rows of raw, writes them by the lake's append, or with bare pyarrow: make, ours, bare."""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from dataq_lake.lake import open_lake
from dataq_lake.schemas import RAW

COLUMNS = ("item_id", "source", "source_id", "sequence", "timestamp")
BATCH = {"rows": 50_000, "payloads": 250}


def make(shape: str, count: int, path: str) -> None:
    """Writes the given five columns as Arrow; payloads stand in for the time."""
    batches = [_batch(shape, start, min(BATCH[shape], count - start))
               for start in range(0, count, BATCH[shape])]  # fmt: skip
    with pa.OSFile(path, "wb") as file, pa.ipc.new_file(file, batches[0].schema) as writer:
        for batch in batches:
            writer.write_batch(batch)


def _batch(shape: str, start: int, rows: int) -> pa.RecordBatch:
    numbers = range(start, start + rows)
    values = {
        "item_id": pa.array([f"{n * 0x9E3779B97F4A7C15 % 2**128:032x}" for n in numbers]),
        "source": pa.array(["bench"] * rows),
        "source_id": pa.array([f"folder {n % 1000}/file-{n}.txt" for n in numbers]),
        "sequence": pa.array(numbers, pa.int64()),
    }
    if shape == "rows":
        now = int(datetime(2026, 1, 1, tzinfo=UTC).timestamp()) * 1_000_000
        times = pa.array([now + n * 1_000 for n in numbers], pa.timestamp("us", tz="UTC"))
        return pa.RecordBatch.from_pydict({**values, "timestamp": times})
    random = np.random.default_rng(start)
    words = random.integers(97, 123, (rows, 20_000), np.uint8)
    words[:, ::6] = 32
    return pa.RecordBatch.from_pydict({**values, "payload": [row.tobytes() for row in words]})


def ours(path: str, root: str) -> None:
    """Appends to a raw table."""
    handle = open_lake(root).raw("bench")
    batches = _read(path)
    import deltalake  # noqa: F401 - loading modules is not what is measured

    import dataq_lake.writing  # noqa: F401

    begun = time.perf_counter()
    written = handle.append(map(_filled, batches))
    _tell(begun, written.rows, root)


def _filled(batch: pa.RecordBatch) -> pa.RecordBatch:
    """The batch with all columns of raw."""
    given = set(batch.schema.names)
    columns = [
        batch.column(field.name) if field.name in given else pa.nulls(batch.num_rows, field.type)
        for field in RAW
    ]
    return pa.RecordBatch.from_arrays(columns, schema=RAW)


def bare(path: str, root: str) -> None:
    """One Parquet file with pyarrow's own settings, brought to disk."""
    batches = _read(path)
    Path(root).mkdir()
    begun = time.perf_counter()
    with open(Path(root) / "rows.parquet", "xb") as file:
        with pq.ParquetWriter(file, batches[0].schema) as writer:
            for batch in batches:
                writer.write_batch(batch)
        file.flush()
        os.fsync(file.fileno())
    _tell(begun, sum(batch.num_rows for batch in batches), root)


def _read(path: str) -> list[pa.RecordBatch]:
    with pa.OSFile(path) as file:
        reader = pa.ipc.open_file(file)
        return list(_each(reader))


def _each(reader: pa.ipc.RecordBatchFileReader) -> Iterator[pa.RecordBatch]:
    for number in range(reader.num_record_batches):
        yield reader.get_batch(number)


def _tell(begun: float, rows: int, root: str) -> None:
    print(json.dumps({"seconds": time.perf_counter() - begun, "rows": rows}))
    shutil.rmtree(root)


if __name__ == "__main__":
    if sys.argv[1] == "make":
        make(sys.argv[2], int(sys.argv[3]), sys.argv[4])
    else:
        {"ours": ours, "bare": bare}[sys.argv[1]](*sys.argv[2:])
