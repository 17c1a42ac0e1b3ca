"""LanceDB's hybrid search: build SEGMENTS DB COUNT, or ask DB QUESTIONS.json K."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import lancedb
import numpy as np
import pyarrow as pa
from lancedb.rerankers import RRFReranker

BATCH = 20_000
PROBES, REFINE = 20, 5
SHOWN = ["segment_id", "asset_id", "source", "path", "mime_type", "timestamp", "title", "text"]


def build(segments: str, db: str, count: int) -> None:
    """A table of the segments, with an index for each thing that is asked of it."""
    begun = time.perf_counter()
    with pa.memory_map(f"{segments}/shown.arrow") as file:
        shown = pa.ipc.open_file(file).read_all().select(SHOWN)
        vectors = np.load(f"{segments}/vectors.npy", mmap_mode="r")
        dimensions = vectors.shape[1]

        def batches() -> Iterator[pa.RecordBatch]:
            for start in range(0, count, BATCH):
                rows = shown.slice(start, min(BATCH, count - start)).combine_chunks()
                flat = pa.array(np.asarray(vectors[start : start + rows.num_rows]).ravel())
                column = pa.FixedSizeListArray.from_arrays(flat, dimensions)
                yield rows.append_column("vector", column).to_batches()[0]

        vector = pa.field("vector", pa.list_(pa.float32(), dimensions))
        schema = pa.schema([*shown.schema, vector])
        reader = pa.RecordBatchReader.from_batches(schema, batches())
        table = lancedb.connect(db).create_table("segments", reader)
    loaded = time.perf_counter()
    table.create_index(
        metric="cosine",
        index_type="IVF_PQ",
        num_partitions=max(1, round(count**0.5)),
        num_sub_vectors=dimensions // 4,
    )
    table.create_scalar_index("source", index_type="BITMAP")
    table.create_fts_index("text")
    table.wait_for_index([index.name for index in table.list_indices()], timeout=timedelta(hours=1))
    table.optimize()
    done = time.perf_counter()
    print(json.dumps({"load": loaded - begun, "index": done - loaded, "rows": table.count_rows()}))


def ask(db: str, file: str, k: int) -> None:
    """The seconds of each question and the ids that it finds, by the source that is wanted."""
    asked = json.loads(Path(file).read_text())
    table = lancedb.connect(db).open_table("segments")
    reranker = RRFReranker()
    told: dict[str, list[object]] = {}
    for source in asked["sources"]:
        for number, (words, vector) in enumerate(asked["questions"]):
            begun = time.perf_counter()
            query = table.search(query_type="hybrid").vector(vector).text(words)
            if source:
                query = query.where(f"source = '{source}'", prefilter=True)
            query = query.nprobes(PROBES).refine_factor(REFINE).rerank(reranker)
            found = query.limit(k).select(SHOWN).to_list()
            took = time.perf_counter() - begun
            if number >= asked["warm"]:
                told.setdefault(source, []).append([took, len(found)])
    print(json.dumps(told))


if __name__ == "__main__":
    if sys.argv[1] == "build":
        build(sys.argv[2], sys.argv[3], int(sys.argv[4]))
    else:
        ask(sys.argv[2], sys.argv[3], int(sys.argv[4]))
