"""Collections: which there are, what they are called, and that they stay what they are."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import combinations
from typing import Any

import pyarrow as pa

from dataq_assets.stages.collections import Collections
from dataq_lake.difference import Difference
from dataq_lake.ids import make_id
from dataq_lake.written import CommitInfo
from dataq_resources.changes import Changes
from tests.assets.way import Way, gone, item

TABLES = ("collections", "collection_members")


def texts_of(way: Way) -> None:
    for name in ("gate", "assets", "texts", "segments"):
        way.derive(name)


def ids(way: Way) -> dict[str, str]:
    """The id of each current asset by its path."""
    latest = {row["id"] for row in way.rows("entities", is_latest=True)}
    return {row["path"]: row["id"] for row in way.rows("assets") if row["id"] in latest}


def liken(way: Way, *groups: Iterable[str], strength: float = 0.9) -> None:
    """Makes edges between every two of each group, and no other: as the relation does."""
    known = ids(way)
    pairs = {
        tuple(sorted((known[a], known[b]))) for group in groups for a, b in combinations(group, 2)
    }
    edges = [{"source_id": b, "target_id": a, "strength": strength} for a, b in sorted(pairs)]
    store(way, edges)


def store(way: Way, edges: Iterable[dict[str, Any]]) -> None:
    rows = [
        {
            **edge,
            "id": make_id("similar_to", edge["source_id"], edge["target_id"]),
            "relationship_type": "similar_to",
            "method": "cosine",
        }
        for edge in edges
    ]
    handle = way.lake.table("relationships")
    had = [row["id"] for row in way.rows("relationships", relationship_type="similar_to")]
    batch = pa.RecordBatch.from_pylist(rows, schema=handle.table.schema)
    handle.apply(Difference([batch], had))


def collect(way: Way) -> dict[str, int]:
    """Brings the collections up to date; what was done."""
    way.now_us += 1_000_000
    stage = Collections(way.lake, f"run{way.runs}", way.now_us)
    changes = Changes(stage.rounds())
    changes.commit(way.lake, CommitInfo("relate", "collections"), way._written)
    return stage.counts


def collected(way: Way) -> dict[str, set[str]]:
    """The paths of the members of each collection."""
    paths = {row["id"]: row["path"] for row in way.rows("assets")}
    found: dict[str, set[str]] = {row["id"]: set() for row in way.rows("collections")}
    for row in way.rows("collection_members"):
        found[row["collection_id"]].add(paths[row["asset_id"]])
    return found


def test_it(way: Way) -> None:
    way.observe(*(item(f"notes/{n}.md", f"# Heron report {n}\n\nThe river {n}".encode()) for n in range(5)))
    texts_of(way)
    liken(way, [f"notes/{n}.md" for n in range(4)])
    print(collect(way))
    print(collected(way), way.rows("collections"))
    v = way.versions()
    print(collect(way))
    assert v == way.versions()
    from dataq_assets.stages.tags import Tags
    st=Tags(way.lake,"r",way.now_us)
    Changes(st.rounds()).commit(way.lake, CommitInfo("relate","tags"))
    print(st.counts)
    for r in way.rows("tags"): print(r)
    print(way.lake.sql("select * from entities where entity_type='collection'").fetchall())
    print(way.broken_checks())
    assert 0
