"""Loads Arrow batches with dlt to Parquet files in a folder: ROWS.arrow FOLDER."""

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

import dlt
import pyarrow as pa


def main(path: str, folder: str) -> None:
    """Print the seconds of the pipeline's run, imports and start not counted."""
    with pa.OSFile(path) as file:
        reader = pa.ipc.open_file(file)
        batches = [reader.get_batch(n) for n in range(reader.num_record_batches)]
    rows = sum(batch.num_rows for batch in batches)
    root = Path(folder).absolute()
    destination = dlt.destinations.filesystem(bucket_url=f"file://{root}/out")

    @dlt.resource(name="raw")
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
    import pyarrow.parquet as pq

    files = (root / "out").rglob("*.parquet")
    stored = sum(pq.read_metadata(file).num_rows for file in files if "_dlt" not in str(file))
    assert stored == rows, (stored, rows)
    shutil.rmtree(root)
    print(json.dumps({"seconds": seconds, "rows": stored}))


if __name__ == "__main__":
    main(*sys.argv[1:])
