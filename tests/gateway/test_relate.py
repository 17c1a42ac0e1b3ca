"""`dataq relate` and `dataq graph`, on a folder with a page, a copy and a mail."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pyarrow.parquet as pq
import pytest

from dataq_analyzers.links.read import VERSION
from dataq_gateway.graphml import NAMESPACE
from dataq_lake.lake import Lake
from tests.gateway.rows import Command, add_rows

# Dagster's own code still reads it.
pytestmark = pytest.mark.filterwarnings(
    "ignore:InitResourceContext.dagster_run is deprecated:DeprecationWarning"
)


PATHS = ("a.html", "b.html", "c.txt", "d.txt \x08 & more")
IDS = {path: f"{number}" * 32 for number, path in enumerate(PATHS, 1)}


@pytest.fixture
def related(dataq: Command, lake: Lake) -> Command:
    """Four assets by hand: a.html links to b.html, that to c.txt, which the last is a copy of."""
    for path, id_ in IDS.items():
        page = path.endswith("html")
        add_rows(
            lake,
            "assets",
            {
                "id": id_,
                "item_id": id_,
                "source": "files",
                "path": path,
                "file_hash": path if page else "same",
                "file_size": 3,
                "mime_type": "text/html" if page else "application/octet-stream",
                "depth": 0,
                "duplicate_of": IDS["c.txt"] if path.startswith("d") else None,
            },
        )
        entity = {"id": id_, "entity_type": "asset", "version": 1, "version_of": id_}
        add_rows(lake, "entities", {**entity, "is_latest": True})
    for path, hrefs in {"a.html": ["b.html", "no.html"], "b.html": ["c.txt"]}.items():
        read = {"id": path, "asset_id": IDS[path], "reader_version": VERSION}
        add_rows(lake, "links", {**read, "hrefs": hrefs, "addresses": hrefs})
    return dataq


def asked(dataq: Command, *words: object) -> Any:
    told = dataq(*words, "--json")
    assert told.returncode == 0, told.stderr
    return json.loads(told.stdout)


def test_what_is_archived_is_related_and_walked(related: Command, tmp_path: Path) -> None:
    assert asked(related, "graph", "components") == []
    first = asked(related, "relate")
    assert first["ok"]
    assert "relationships: edges_are_sound" in first["passed"]
    assert first["rows"]["relationships"] == 3
    assert asked(related, "relate")["rows"]["relationships"] == 0
    around = asked(related, "graph", "neighbours", IDS["b.html"], "--type", "links_to")
    assert [(row["direction"], row["path"]) for row in around] == [
        ("in", "a.html"),
        ("out", "c.txt"),
    ]
    assert around[0]["metadata"] == {"href": "b.html"}
    way = asked(
        related,
        "graph",
        "path",
        IDS[PATHS[3]],
        IDS["a.html"],
        "--type",
        "links_to",
        "--type",
        "duplicate_of",
    )
    assert [row["path"] for row in way] == [PATHS[3], "c.txt", "b.html", "a.html"]
    (whole,) = asked(related, "graph", "components", "--type", "links_to", "--type", "duplicate_of")
    assert (whole["size"], whole["first_path"]) == (4, "a.html")
    told = related("graph", "path", IDS[PATHS[3]], IDS["a.html"], "--hops", 1)
    assert told.stdout == "no way within 1 hops\n"
    exported(related, tmp_path)


def exported(related: Command, tmp_path: Path) -> None:
    drawn, rows = tmp_path / "edges.graphml", tmp_path / "edges.parquet"
    assert asked(related, "graph", "export", drawn)["edges"] == 3
    assert asked(related, "graph", "export", rows, "--type", "links_to")["edges"] == 2
    graph = ET.parse(drawn).getroot().find(f"{{{NAMESPACE}}}graph")
    assert graph is not None
    nodes = {node.get("id") for node in graph.iter(f"{{{NAMESPACE}}}node")}
    edges = list(graph.iter(f"{{{NAMESPACE}}}edge"))
    assert len(edges) == 3
    assert {edge.get(end) for edge in edges for end in ("source", "target")} == nodes
    table = pq.read_table(rows).to_pylist()
    assert {(row["source_path"], row["target_path"]) for row in table} == {
        ("a.html", "b.html"),
        ("b.html", "c.txt"),
    }


def test_mistakes_are_told(dataq: Command, lake: object) -> None:
    assert "no relation 'likes'" in dataq("relate", "likes").stderr
    assert "has no edges" in dataq("graph", "neighbours", "abc").stderr
    assert dataq("graph", "export", "edges.txt").returncode == 2
