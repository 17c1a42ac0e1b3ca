"""Neighbours, ways, components and reach, compared with what is told by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from dataq_lake import graph
from dataq_lake.attaching import attach, attachment
from dataq_lake.errors import FixTheCall, UnknownId
from dataq_lake.lake import Lake, open_lake
from dataq_lake.schemas import TABLES

SCHEMA = TABLES["relationships"].schema
# a chain of five, a loop of two, a triangle that nothing else belongs to
EDGES = [
    ("a1", "a2"),
    ("a2", "a3"),
    ("a3", "a4"),
    ("a5", "a4"),
    ("a4", "a3"),
    ("b1", "b2"),
    ("b2", "b3"),
    ("b3", "b1"),
]


def store(lake: Lake, *edges: tuple[str, str], kind: str = "links_to") -> None:
    rows: list[dict[str, Any]] = [
        {
            "id": f"{kind}-{source}-{target}",
            "source_id": source,
            "target_id": target,
            "relationship_type": kind,
            "strength": 1.0,
            "method": "test",
            "metadata": [("href", target)],
        }
        for source, target in edges
    ]
    lake.table("relationships").append([pa.RecordBatch.from_pylist(rows, SCHEMA)])


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    lake = open_lake(tmp_path / "lake")
    store(lake, *EDGES)
    return lake


def asked(lake: Lake, question: str) -> list[tuple[Any, ...]]:
    return lake.sql(question).fetchall()


def test_neighbours_are_told_with_the_direction(lake: Lake) -> None:
    found = asked(
        lake, "select id, direction, metadata['href'] from graph_neighbours('a4') order by all"
    )
    assert found == [("a3", "in", "a4"), ("a3", "out", "a3"), ("a5", "in", "a4")]
    assert asked(lake, "from graph_neighbours('a4', types := ['replies_to'])") == []


def test_reach_is_bounded(lake: Lake) -> None:
    reach = "select distance, id from graph_traverse('a1', hops := {}) order by all"
    assert asked(lake, reach.format(0)) == [(0, "a1")]
    assert asked(lake, reach.format(2)) == [(0, "a1"), (1, "a2"), (2, "a3")]
    assert [id_ for _, id_ in asked(lake, reach.format(99))] == ["a1", "a2", "a3", "a4", "a5"]


def test_a_way_is_shortest_and_says_how_each_edge_is_directed(lake: Lake) -> None:
    store(lake, ("a2", "a5"), kind="replies_to")
    way = "select id, direction, relationship_type from graph_path('{}', '{}') order by step"
    assert asked(lake, way.format("a1", "a5")) == [
        ("a1", None, None),
        ("a2", "out", "links_to"),
        ("a5", "out", "replies_to"),
    ]
    assert asked(lake, way.format("a5", "a1"))[1:] == [
        ("a2", "in", "replies_to"),
        ("a1", "in", "links_to"),
    ]
    assert asked(lake, way.format("a1", "b1")) == []
    assert asked(lake, "from graph_path('a1', 'a5', hops := 1)") == []


def test_components_are_named_by_their_smallest_member(lake: Lake) -> None:
    found = asked(
        lake,
        "select component, size, list(id order by id) from graph_components() group by all "
        "order by 1",
    )
    assert found == [("a1", 5, ["a1", "a2", "a3", "a4", "a5"]), ("b1", 3, ["b1", "b2", "b3"])]


def test_the_graph_is_as_it_was(lake: Lake) -> None:
    from datetime import UTC, datetime

    before = datetime.now(UTC)
    store(lake, ("a1", "b1"))
    assert len(set(asked(lake, "select component from graph_components()"))) == 1
    assert len(set(asked(lake.at(before), "select component from graph_components()"))) == 2


def test_an_empty_graph_has_nothing(tmp_path: Path) -> None:
    lake = open_lake(tmp_path / "empty")
    assert asked(lake, "from graph_neighbours('a1')") == []
    assert asked(lake, "from graph_components()") == []


def test_ids_may_be_shortened_while_they_are_one(lake: Lake) -> None:
    assert graph.entity_id(lake, "a1") == "a1"
    with pytest.raises(FixTheCall, match="beginning of several"):
        graph.entity_id(lake, "b")
    with pytest.raises(UnknownId, match="no edges"):
        graph.entity_id(lake, "z")


def test_other_clients_have_the_macros(lake: Lake) -> None:
    with duckdb.connect() as plain:
        plain.execute(attachment(lake))
        assert len(plain.sql("from graph_traverse('b1')").fetchall()) == 3
    with duckdb.connect() as other:
        attach(other, lake, "lake")
        assert len(other.sql("from lake.graph_traverse('b1')").fetchall()) == 3
