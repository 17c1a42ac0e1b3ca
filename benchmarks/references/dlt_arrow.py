"""Loads Arrow batches with dlt to Delta or to Parquet files: ROWS.arrow FOLDER delta|parquet."""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
from collections.abc import Iterator
from pathlib import Path

os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"
os.environ["RUNTIME__LOG_LEVEL"] = "CRITICAL"

import deltalake
import dlt
import pyarrow as pa
import pyarrow.parquet as pq


def main(path: str, folder: str, form: str) -> None:
    """Print the seconds of the pipeline's run, imports and start not counted."""
    with pa.OSFile(path) as file:
        reader = pa.ipc.open_file(file)
        batches = [reader.get_batch(n) for n in range(reader.num_record_batches)]
    rows = sum(batch.num_rows for batch in batches)
    root = Path(folder).absolute()
    destination = dlt.destinations.filesystem(bucket_url=f"file://{root}/out")

    @dlt.resource(name="raw", **({"table_format": "delta"} if form == "delta" else {}))
    def resource() -> Iterator[pa.Table]:
        for batch in batches:
            yield pa.Table.from_batches([batch])

    pipeline = dlt.pipeline(
        "bench",
        destination=destination,
        dataset_name="lake",
        pipelines_dir=str(root / "state"),
        progress=None,
    )
    begun = time.perf_counter()
    pipeline.run(resource(), loader_file_format="parquet")
    seconds = time.perf_counter() - begun
    if form == "delta":
        stored = (
            deltalake.DeltaTable(str(root / "out" / "lake" / "raw")).to_pyarrow_table().num_rows
        )
    else:
        files = (root / "out" / "lake" / "raw").glob("*.parquet")
        stored = sum(pq.read_metadata(file).num_rows for file in files)
    assert stored == rows, (stored, rows)
    shutil.rmtree(root)
    print(json.dumps({"seconds": seconds, "rows": stored}))


if __name__ == "__main__":
    main(*sys.argv[1:])
