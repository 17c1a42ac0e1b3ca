"""A lake of real passages in its tables, and what it takes to publish what is new of them.

    refresh.py write LAKE SEGMENTS FIRST LAST    stores passages FIRST to before LAST of SEGMENTS
    refresh.py supersede LAKE COUNT              so many assets are no longer the latest
    refresh.py publish LAKE                      finds what is new in the tables, and publishes it

Each prints JSON. Assets are files with all their passages, whenever these come.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa

from dataq_analyzers.pool import Pool
from dataq_analyzers.registry import analyzer_for
from dataq_assets.stages.check import Check, Verdict
from dataq_assets.stages.embedding import embed_all
from dataq_assets.stages.indexes import publication
from dataq_lake.difference import Difference
from dataq_lake.embedders import embedder
from dataq_lake.indexes.manifest import Model
from dataq_lake.indexes.publish import publish as publish_index
from dataq_lake.lake import Lake, open_lake
from dataq_lake.schemas import TABLES

ROWS = 50_000
TYPE = "text/plain"


def write(root: str, segments: str, first: str, last: str) -> dict[str, float]:
    """Appends these passages, their vectors and, where they are new, their assets."""
    lake = open_lake(root)
    folder = Path(segments)
    shown = pl.DataFrame(pa.ipc.open_file(pa.memory_map(str(folder / "shown.arrow"))).read_all())
    vectors = np.load(folder / "vectors.npy", mmap_mode="r")
    known = lake.table("assets").scan(["id"]).collect()
    for start in range(int(first), int(last), ROWS):
        end = min(start + ROWS, int(last))
        some = shown[start:end]
        _append(lake, "segments", _of_segments(some))
        _append(lake, "embeddings", _of_embeddings(some, vectors[start:end]))
        new = some.unique("asset_id").join(known, left_on="asset_id", right_on="id", how="anti")
        known = pl.concat([known, new.select(id="asset_id")])
        for table, rows in _of_assets(new).items():
            _append(lake, table, rows)
    return {}


def supersede(root: str, count: str) -> dict[str, float]:
    """The first assets by id are no longer the latest of theirs; how many passages they have."""
    entities = open_lake(root).table("entities")
    past = entities.scan().filter("is_latest").sort("id").head(int(count)).collect()
    rows = past.with_columns(is_latest=False).to_arrow().cast(TABLES["entities"].schema)
    gone = past["id"].to_list()
    entities.apply(Difference(rows.to_batches(), gone))
    mine = open_lake(root).table("segments").scan(["asset_id"])
    return {"segments": mine.filter(pl.col("asset_id").is_in(gone)).collect().height}


def publish(root: str) -> dict[str, float]:
    """Seconds of processors and of the clock, memory in GB, and what was done."""
    lake, model = open_lake(root), embedder()
    began = _cpu(), time.monotonic()
    with Pool(workers=2) as pool:
        made_with = Model(model.name, model.version, model.dimensions)
        found = publication(lake, made_with, partial(embed_all, pool, model.name), judge=_passed)
        looked = _cpu() - began[0]
        done = publish_index(lake, found)
    return {
        "cpu": _cpu() - began[0],
        "finding": looked,
        "wall": time.monotonic() - began[1],
        "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6,
        "added": done.added,
        "removed": done.removed,
        "parts": done.parts,
    }


def _passed(_: Check) -> Verdict:
    """As in a run, where the checks have their verdicts before there is a publication."""
    return Verdict(passed=True)


def _of_segments(some: pl.DataFrame) -> dict[str, Any]:
    return {
        "id": some["segment_id"],
        "asset_id": some["asset_id"],
        "text_id": _text(some["asset_id"]),
        "text_hash": some["segment_id"],
        "text": some["text"],
    }


def _of_embeddings(some: pl.DataFrame, vectors: Any) -> dict[str, Any]:
    model = embedder()
    offsets = pa.array(np.arange(0, vectors.size + 1, vectors.shape[1], dtype=np.int32))
    return {
        "entity_id": some["segment_id"],
        "embedding_type": "text",
        "model_name": model.name,
        "model_version": model.version,
        "text_hash": some["segment_id"],
        "vector": pa.ListArray.from_arrays(offsets, pa.array(vectors.ravel())),
    }


def _of_assets(new: pl.DataFrame) -> dict[str, dict[str, Any]]:
    reader = analyzer_for(TYPE)
    assert reader is not None
    ids = new["asset_id"]
    texts = _text(ids)
    mine = {name: new[name] for name in ("source", "path", "timestamp")}
    by = {"analyzer": reader.name, "analyzer_version": reader.version}
    return {
        "entities": {"id": ids, "entity_type": "asset", "is_latest": True, "version": 1},
        "assets": {"id": ids, "file_hash": ids, "mime_type": TYPE, "file_size": 1, **mine},
        "texts": {"id": texts, "text_hash": ids, "content_hash": ids, "title": new["title"]},
        "analyses": {"content_hash": ids, "text_id": texts, "outcome": "text", **by},
    }


def _text(assets: pl.Series) -> pl.Series:
    """The ids of their texts."""
    return assets.str.reverse()


def _append(lake: Lake, table: str, columns: dict[str, Any]) -> None:
    schema = TABLES[table].schema
    count = len(next(iter(columns.values())))
    if count:
        whole = [_column(columns.get(each.name), each.type, count) for each in schema]
        lake.table(table).append([pa.RecordBatch.from_arrays(whole, schema=schema)])


def _column(values: Any, kind: pa.DataType, count: int) -> pa.Array:
    if isinstance(values, pl.Series):
        return values.to_arrow().cast(kind)
    return values if isinstance(values, pa.Array) else pa.array([values] * count, kind)


def _cpu() -> float:
    used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(each.ru_utime + each.ru_stime for each in used)


if __name__ == "__main__":
    print(json.dumps(globals()[sys.argv[1]](*sys.argv[2:])))
