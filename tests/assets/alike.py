"""Assets that are alike by hand, and the collections and tags that follow."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import combinations
from typing import Any

import pyarrow as pa

from dataq_assets.stages.collections import Collections
from dataq_assets.stages.tags import Tags
from dataq_lake.difference import Difference
from dataq_lake.ids import make_id
from dataq_lake.written import CommitInfo
from dataq_resources.changes import Changes
from tests.assets.way import Way, item


def pages(way: Way, *names: str, time: int = 0) -> None:
    """Observes a page a name, and derives all that collections and tags read."""
    way.observe(*(item(name, f"# Page {name}\n\nAbout {name}.".encode(), time) for name in names))
    texts_of(way)


def texts_of(way: Way) -> None:
    for name in ("gate", "assets", "texts", "segments"):
        way.derive(name)


def ids(way: Way) -> dict[str, str]:
    """The id of each current asset by its path."""
    latest = {row["id"] for row in way.rows("entities", is_latest=True)}
    return {row["path"]: row["id"] for row in way.rows("assets") if row["id"] in latest}


def liken(way: Way, *groups: Iterable[str], strength: float = 0.9) -> None:
    """Stores edges between every two of each group, and no others."""
    known = ids(way)
    pairs = {
        (max(known[a], known[b]), min(known[a], known[b]))
        for group in groups
        for a, b in combinations(group, 2)
    }
    rows = [
        {
            "id": make_id("similar_to", source, target),
            "source_id": source,
            "target_id": target,
            "relationship_type": "similar_to",
            "strength": strength,
            "method": "cosine",
        }
        for source, target in sorted(pairs)
    ]
    handle = way.lake.table("relationships")
    had = [row["id"] for row in way.rows("relationships", relationship_type="similar_to")]
    handle.apply(Difference([pa.RecordBatch.from_pylist(rows, schema=handle.table.schema)], had))


def collect(way: Way) -> dict[str, int]:
    """Brings the collections up to date; how many there are if anything was looked at."""
    way.now_us += 1_000_000
    stage = Collections(way.lake, f"run{way.runs}", way.now_us)
    changes = Changes(stage.rounds())
    changes.commit(way.lake, CommitInfo("relate", "collections"), way._written)
    return stage.counts


def tag(way: Way) -> dict[str, int]:
    """Brings the tags up to date; how many there are of each tagger that was asked."""
    way.now_us += 1_000_000
    stage = Tags(way.lake, f"run{way.runs}", way.now_us)
    changes = Changes(stage.rounds())
    changes.commit(way.lake, CommitInfo("relate", "tags"), way._written)
    return stage.counts


def collected(way: Way) -> dict[str, str]:
    """The id of each collection by the paths of its members, in order."""
    paths = {row["id"]: row["path"] for row in way.rows("assets")}
    found: dict[str, list[str]] = {row["id"]: [] for row in way.rows("collections")}
    for row in way.rows("collection_members"):
        found[row["collection_id"]].append(paths[row["asset_id"]])
    return {" ".join(sorted(names)): id_ for id_, names in found.items()}


def named(way: Way) -> dict[str, str]:
    """What each collection is called, by its id."""
    return {row["id"]: row["name"] for row in way.rows("collections")}


def tags_of(way: Way, path: str) -> set[tuple[str, str]]:
    """The tags of the current version of a path, and who says so."""
    rows: list[dict[str, Any]] = way.rows("tags", entity_id=ids(way)[path])
    return {(row["tag"], row["method"]) for row in rows}
