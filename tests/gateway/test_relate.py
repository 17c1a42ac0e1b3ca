"""`dataq relate` and `dataq graph`, on a folder with a page, a copy and a mail."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pyarrow.parquet as pq
import pytest

from dataq_gateway.graphml import NAMESPACE
from tests.gateway.rows import Command

# Dagster's own code still reads it.
pytestmark = pytest.mark.filterwarnings(
    "ignore:InitResourceContext.dagster_run is deprecated:DeprecationWarning"
)


@pytest.fixture
def related(dataq: Command, tmp_path: Path) -> Command:
    folder = tmp_path / "files"
    folder.mkdir()
    (folder / "a.html").write_text('<p>Go on</p><a href="b.html">b</a> <a href="no.html">no</a>')
    (folder / "b.html").write_text('<p>End & \x08 out</p><a href="c.txt">c</a>')
    (folder / "c.txt").write_text("words of no weight")
    (folder / "d.txt").write_text("words of no weight")
    source = ("sources", "add", "files", "--plugin", "file_scanner", "--config", f"root={folder}")
    for words in (source, ("run",)):
        told = dataq(*words)
        assert told.returncode == 0, told.stderr
    return dataq


def asked(dataq: Command, *words: object) -> Any:
    told = dataq(*words, "--json")
    assert told.returncode == 0, told.stderr
    return json.loads(told.stdout)


def test_what_is_archived_is_related_and_walked(related: Command, tmp_path: Path) -> None:
    assert asked(related, "graph", "components") == []
    first = asked(related, "relate")
    assert first["ok"]
    assert first["passed"] == ["relationships: edges_are_sound"]
    assert first["rows"]["relationships"] == 7  # two links, a copy, four texts
    assert asked(related, "relate")["rows"]["relationships"] == 0
    paths = asked(related, "sql", "select path, id from assets")
    ids = {row["path"]: row["id"] for row in paths}
    around = asked(related, "graph", "neighbours", ids["b.html"], "--type", "links_to")
    assert [(row["direction"], row["path"]) for row in around] == [
        ("in", "a.html"),
        ("out", "c.txt"),
    ]
    assert around[0]["metadata"] == {"href": "b.html"}
    way = asked(
        related,
        "graph",
        "path",
        ids["d.txt"],
        ids["a.html"],
        "--type",
        "links_to",
        "--type",
        "duplicate_of",
    )
    assert [row["path"] for row in way] == ["d.txt", "c.txt", "b.html", "a.html"]
    (whole,) = asked(related, "graph", "components", "--type", "links_to", "--type", "duplicate_of")
    assert (whole["size"], whole["first_path"]) == (4, "a.html")
    told = related("graph", "path", ids["d.txt"], ids["a.html"], "--hops", 1)
    assert told.stdout == "no way within 1 hops\n"
    exported(related, tmp_path)


def exported(related: Command, tmp_path: Path) -> None:
    drawn, rows = tmp_path / "edges.graphml", tmp_path / "edges.parquet"
    assert asked(related, "graph", "export", drawn)["edges"] == 7
    assert asked(related, "graph", "export", rows, "--type", "links_to")["edges"] == 2
    graph = ET.parse(drawn).getroot().find(f"{{{NAMESPACE}}}graph")
    assert graph is not None
    nodes = {node.get("id") for node in graph.iter(f"{{{NAMESPACE}}}node")}
    edges = list(graph.iter(f"{{{NAMESPACE}}}edge"))
    assert len(edges) == 7
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
