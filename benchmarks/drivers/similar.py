"""A lake of assets with one segment each, and what it takes to find which of them are alike.

    similar.py write LAKE SEGMENTS FIRST LAST    stores assets FIRST to before LAST of SEGMENTS
    similar.py relate LAKE                       seconds of a pass over the relation
    similar.py bare SEGMENTS LAST ASKED PROBES   the same by FAISS alone
    similar.py recall LAKE SEGMENTS LAST ASKED   what the edges miss of exact neighbours

Each prints JSON.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from dataq_analyzers.pool import Pool
from dataq_analyzers.registry import analyzer_for
from dataq_assets.stages.relation import Relating
from dataq_assets.stages.relationships import Relationships
from dataq_lake.embedders import embedder
from dataq_lake.ids import make_id
from dataq_lake.indexes.manifest import Model
from dataq_lake.lake import open_lake
from dataq_lake.schemas import TABLES
from dataq_lake.written import CommitInfo
from dataq_resources.changes import Changes

if TYPE_CHECKING:
    from numpy.typing import NDArray

NEAREST, LEAST = 10, 0.75
REGIONS = 1_000
ROWS = 50_000
TYPE = "text/plain"


def write(root: str, segments: str, first: str, last: str) -> dict[str, float]:
    """Appends these assets to all tables that the relation reads."""
    lake = open_lake(root)
    vectors = np.load(Path(segments) / "vectors.npy", mmap_mode="r")
    for start in range(int(first), int(last), ROWS):
        numbers = range(start, min(start + ROWS, int(last)))
        for table, columns in _columns(numbers, vectors[start : numbers.stop]).items():
            schema = TABLES[table].schema
            whole = [
                _column(columns[each.name], each.type, len(numbers))
                if each.name in columns
                else pa.nulls(len(numbers), each.type)
                for each in schema
            ]
            lake.table(table).append([pa.RecordBatch.from_arrays(whole, schema=schema)])
    return {}


def relate(root: str) -> dict[str, float]:
    """Seconds of a pass, and how many edges there are."""
    lake = open_lake(root)
    model = embedder()
    with Pool(workers=2) as pool:
        used = Model(model.name, model.version, model.dimensions)
        stage = Relationships(Relating(lake, pool, "bench", used), 0, ("similar_to",))
        watch = Watch()
        Changes(stage.rounds()).commit(lake, CommitInfo("bench", "relationships"))
        return {**watch.told(), "edges": stage.counts.get("similar_to", -1)}


def bare(segments: str, last: str, asked: str, recall: str) -> dict[str, float]:
    """Seconds to build an IVF index and to ask it for the neighbours of all.

    It looks into as few lists as this recall takes.
    """
    import faiss

    vectors = np.array(np.load(Path(segments) / "vectors.npy", mmap_mode="r")[: int(last)])
    watch = Watch()
    lists = max(1, len(vectors) // REGIONS)
    index = faiss.IndexIVFFlat(
        faiss.IndexFlatIP(vectors.shape[1]),
        vectors.shape[1],
        lists,
        faiss.METRIC_INNER_PRODUCT,
    )
    index.cp.niter = 8
    index.train(vectors)
    index.add(vectors)
    watch.stop()
    chosen = _asked(len(vectors), int(asked))
    truth = _truth(vectors, chosen)
    for probes in range(1, lists + 1):
        index.nprobe = probes
        reached = _recall(truth, index.search(vectors[chosen], NEAREST + 1))
        if reached >= float(recall):
            break
    watch.go_on()
    for start in range(0, len(vectors), ROWS):
        index.search(vectors[start : start + ROWS], NEAREST + 1)
    return {**watch.told(), "probes": probes, "recall": reached}


def recall(root: str, segments: str, last: str, asked: str) -> dict[str, float]:
    """The share of the exact neighbours of some assets that they have an edge with."""
    import polars as pl

    vectors = np.array(np.load(Path(segments) / "vectors.npy", mmap_mode="r")[: int(last)])
    chosen = _asked(len(vectors), int(asked))
    ids = [_id(number) for number in range(len(vectors))]
    mine = [ids[number] for number in chosen]
    edges = open_lake(root).table("relationships").scan(["source_id", "target_id"])
    ends = pl.col("source_id").is_in(mine) | pl.col("target_id").is_in(mine)
    pairs = {frozenset(row) for row in edges.filter(ends).collect().iter_rows()}
    wanted = [
        frozenset({ids[number], ids[other]})
        for number, others in zip(chosen, _truth(vectors, chosen), strict=True)
        for other in others
    ]
    return {"recall": sum(each in pairs for each in wanted) / len(wanted), "wanted": len(wanted)}


class Watch:
    """CPU seconds of this process and its children, and seconds by the clock."""

    def __init__(self) -> None:
        self._cpu = self._wall = 0.0
        self.go_on()

    def go_on(self) -> None:
        """From now on."""
        self._began = (_cpu(), time.monotonic())

    def stop(self) -> None:
        """Until now."""
        self._cpu += _cpu() - self._began[0]
        self._wall += time.monotonic() - self._began[1]

    def told(self) -> dict[str, float]:
        """All of it, and the most memory that this process has had, in GB."""
        self.stop()
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
        return {"cpu": self._cpu, "wall": self._wall, "memory": peak}


def _cpu() -> float:
    used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(each.ru_utime + each.ru_stime for each in used)


def _id(number: int) -> str:
    return make_id("bench", number)


def _columns(numbers: range, vectors: NDArray[np.float32]) -> dict[str, dict[str, Any]]:
    reader = analyzer_for(TYPE)
    assert reader is not None
    model = embedder()
    ids = [_id(number) for number in numbers]
    hashes = [each * 2 for each in ids]
    texts = [make_id(each) for each in ids]
    offsets = pa.array(np.arange(0, vectors.size + 1, vectors.shape[1], dtype=np.int32))
    by = {"analyzer": reader.name, "analyzer_version": reader.version}
    return {
        "entities": {"id": ids, "entity_type": "asset", "is_latest": True, "version": 1},
        "assets": {"id": ids, "file_hash": hashes, "mime_type": TYPE, "file_size": 1},
        "analyses": {"content_hash": hashes, "text_id": texts, "outcome": "text", **by},
        "texts": {"id": texts, "text_hash": hashes, "content_hash": hashes, "run_id": "bench"},
        "segments": {
            "id": [make_id(each) for each in texts],
            "asset_id": ids,
            "text_id": texts,
            "text_hash": hashes,
        },
        "embeddings": {
            "entity_id": ids,
            "embedding_type": "text",
            "model_name": model.name,
            "model_version": model.version,
            "text_hash": hashes,
            "vector": pa.ListArray.from_arrays(offsets, pa.array(vectors.ravel())),
        },
    }


def _column(values: Any, kind: pa.DataType, rows: int) -> pa.Array:
    if isinstance(values, pa.Array):
        return values
    return pa.array(values if isinstance(values, list) else [values] * rows, kind)


def _asked(size: int, count: int) -> NDArray[np.int64]:
    return np.sort(np.random.default_rng(1).choice(size, min(count, size), replace=False))


def _truth(vectors: NDArray[np.float32], chosen: NDArray[np.int64]) -> list[list[int]]:
    """The exact neighbours of each of those that are chosen."""
    found = []
    for start in range(0, len(chosen), 100):
        some = chosen[start : start + 100]
        cosines = vectors[some] @ vectors.T
        cosines[np.arange(len(some)), some] = -1
        best = np.argpartition(-cosines, NEAREST, axis=1)[:, :NEAREST]
        found += [
            [int(n) for n in row if mine[n] >= LEAST]
            for row, mine in zip(best, cosines, strict=True)
        ]
    return found


def _recall(truth: list[list[int]], found: Any) -> float:
    hits = sum(
        len({*row.tolist()} & {*wanted}) for row, wanted in zip(found[1], truth, strict=True)
    )
    return hits / sum(map(len, truth))


if __name__ == "__main__":
    done: Iterator[Any] | Any = globals()[sys.argv[1]](*sys.argv[2:])
    print(json.dumps(done))
