"""Nearest vectors against exact search, without and with filters, at a million real segments."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from benchmarks.exact import Exact
from benchmarks.measure import Bar, Measure
from benchmarks.segments import COUNT, SHARES, Segments, segments
from benchmarks.setting import Setting
from dataq_lake.embedders import embedder
from dataq_lake.indexes.documents import Publication
from dataq_lake.indexes.manifest import Model
from dataq_lake.indexes.publish import publish
from dataq_lake.indexes.snapshot import open_snapshot
from dataq_lake.lake import open_lake
from dataq_lake.search.conditions import Limits
from dataq_lake.search.filters import Filters
from dataq_lake.search.members import Members
from dataq_lake.search.retrievers import VectorRetriever

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dataq_lake.indexes.snapshot import Snapshot

QUERIES = 300
DEPTH, BEST = 100, 10
LATE = 0.005
"""The share of the segments that is published in a second batch, and compared row by row."""
TIMED = 20
BAR = Bar(0.95, "least")


def run(setting: Setting) -> list[Measure]:
    """Return the recall of each filter."""
    found = segments(setting, setting.scaled(COUNT, 20_000))
    with setting.folder("nearest") as folder:
        lake = open_lake(folder / "lake")
        model = embedder()
        made_with = Model(model.name, model.version, model.dimensions)
        late = round((1 - LATE) * len(found))
        for start, stop in ((0, late), (late, len(found))):
            setting.say(f"publishing {stop - start:,} segments")
            publish(lake, Publication(made_with, _without_texts(found, start, stop)))
        snapshot = open_snapshot(lake.root)
        queries = _queries(found)
        exact = Exact(snapshot, found)
        setting.say("searching exactly")
        exact.look(queries, ["", *SHARES], BEST)
        return [_recall(snapshot, exact, queries, source) for source in ("", *SHARES)]


def _without_texts(found: Segments, start: int, stop: int) -> Iterator[pa.RecordBatch]:
    """As they are published, but with texts as long that have no word to index."""
    for batch in found.batches(start, stop):
        lengths = (len("".join(text.split())) for text in batch.column("text").to_pylist())
        texts = pa.array(["x" * max(length, 100) for length in lengths], pa.large_string())
        yield batch.set_column(batch.schema.get_field_index("text"), "text", texts)


def _recall(snapshot: Snapshot, exact: Exact, queries: NDArray[np.float32], source: str) -> Measure:
    filters = Filters(sources=(source,) if source else ())
    limits = Limits(filters.conditions(Members(snapshot)))
    retriever = VectorRetriever(snapshot)
    recalls, ours = [], []
    retriever.rank(queries[0], limits, DEPTH)
    for number, query in enumerate(queries):
        begun = time.thread_time()
        ranking = retriever.rank(query, limits, DEPTH)
        ours.append(time.thread_time() - begun)
        recalls.append(exact.recall(number, source, dict(list(ranking.scores.items())[:BEST])))
    theirs = [exact.seconds(query, source) for query in queries[:TIMED]]
    half = len(queries) // 2
    passages, titles = (float(np.mean(r)) for r in (recalls[:half], recalls[half:]))
    kept = exact.kept(source)
    name = f"{kept / exact.kept(''):.2%} kept" if source else "no filter"
    return Measure(
        f"vector recall@{BEST}, {name}",
        float(np.mean(recalls)),
        "",
        BAR,
        _milliseconds(ours),
        _milliseconds(theirs),
        note=f"{kept:,} of {exact.kept(''):,} segments may be found. {len(queries)} queries: "
        f"passages that were held out (recall {passages:.3f}) and titles ({titles:.3f}), each "
        f"{DEPTH} deep. Processor time a query, p50 and p95; the reference is FAISS's exact index.",
    )


def _queries(found: Segments) -> NDArray[np.float32]:
    held = found.held_out.to_pylist()
    known = set(found.shown["title"].slice(0, 100_000).to_pylist())
    rare = dict.fromkeys(row["title"] for row in held if row["title"] not in known)
    titles = list(rare) + list(dict.fromkeys(row["title"] for row in held))
    asked = [row["text"] for row in held[: QUERIES // 2]] + titles[: QUERIES // 2]
    return embedder().embed(asked)


def _milliseconds(seconds: list[float]) -> str:
    low, high = (float(np.percentile(seconds, p)) * 1e3 for p in (50, 95))
    return f"{low:.1f}, {high:.1f} ms"
