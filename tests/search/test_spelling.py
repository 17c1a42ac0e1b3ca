"""A word that no text has is taken for one that some text has, and that is told."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataq_lake.indexes.documents import Publication
from dataq_lake.indexes.manifest import Model
from dataq_lake.indexes.publish import publish
from dataq_lake.indexes.snapshot import open_snapshot
from dataq_lake.lake import open_lake
from dataq_lake.search import Searcher
from dataq_lake.search.spelling import edits
from tests.search.notes import documents

ROWS = [
    {"path": "kingfisher", "text": "The kingfisher dives beside the water."},
    {"path": "receive", "text": "Receive the forms before noon."},
    {"path": "forma", "text": "A forma of clay."},
    {"path": "жираф", "text": "Высокий жираф ест листья."},
    {"path": "code", "text": "Error E4711 in module quartz."},
    {"path": "title", "text": "Nothing here.", "title": "Thermometer"},
]


@pytest.fixture(scope="module")
def searcher(tmp_path_factory: pytest.TempPathFactory, model: Model) -> Searcher:
    """A searcher over the rows above."""
    lake = open_lake(tmp_path_factory.mktemp("spelling"))
    publish(lake, Publication(model, [documents(ROWS)]))
    return Searcher(open_snapshot(lake.root))


@pytest.mark.parametrize(
    ("typed", "wanted"),
    [
        ("kingfishr", ["kingfisher"]),
        ("ikngfisher", ["kingfisher"]),
        ("kingfihsre", ["kingfisher"]),
        ("recieve", ["receive"]),
        ("жирав", ["жираф"]),
        ("termometer", ["title"]),
        ("title:termometer", ["title"]),
        ("wter^3", ["kingfisher"]),
        ("form", ["receive"]),
        ("wtr", []),
        ("qurtz E4712", ["code"]),
        ("E4711x", []),
        ("wxyer", []),
        ('"kingfishr dives"', []),
        ("water +kingfishr", []),
        ("water -kingfishr", ["kingfisher"]),
    ],
)
def test_an_unknown_word_finds_what_is_spelt_alike(
    searcher: Searcher, typed: str, wanted: list[str]
) -> None:
    assert [hit.path for hit in searcher.search(typed, mode="text")] == wanted


def test_what_was_taken_for_what_is_told(searcher: Searcher) -> None:
    (hit,) = searcher.search("recieve noon", mode="text")
    assert hit.why["terms"] == [
        {"term": "receiv", "text": "Receive", "start": 0, "end": 7, "for": "recieve", "edits": 1},
        {"term": "noon", "text": "noon", "start": 25, "end": 29},
    ]


def test_words_as_they_were_typed_count_more(searcher: Searcher) -> None:
    typed = {hit.path: hit.score for hit in searcher.search("kingfisher quartz", mode="text")}
    hits = searcher.search("kingfishr quartz", mode="text")
    assert [hit.path for hit in hits] == ["code", "kingfisher"]
    assert hits[0].score == typed["code"]
    assert hits[1].score == pytest.approx(typed["kingfisher"] / 2)


def test_meaning_is_looked_for_by_the_word_that_was_meant(searcher: Searcher) -> None:
    right, wrong = (searcher.search(word)[0] for word in ("kingfisher", "kingfishr"))
    assert (wrong.path, wrong.why["vector"]["rank"]) == ("kingfisher", 1)
    assert wrong.why["vector"] == right.why["vector"]


@given(st.text("abc", max_size=6), st.text("abc", max_size=6))
def test_edits_are_counted_the_same_both_ways(one: str, other: str) -> None:
    found = edits(one, other)
    assert found == edits(other, one)
    assert (found == 0) == (one == other)
    assert abs(len(one) - len(other)) <= found <= max(len(one), len(other))


@pytest.mark.parametrize(
    ("one", "other", "count"), [("ab", "ba", 1), ("gauge", "guage", 1), ("kitten", "sitting", 3)]
)
def test_neighbours_that_are_swapped_are_one_edit(one: str, other: str, count: int) -> None:
    assert edits(one, other) == count
