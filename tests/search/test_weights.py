"""What counts less: meaning where there are numbers, and texts that say next to nothing."""

from __future__ import annotations

import numpy as np
import pytest

from dataq_lake.indexes.brevity import shortened
from dataq_lake.lake import Lake
from dataq_lake.search import search
from tests.search.notes import Publish

VALVE = "The valve at the weir was opened by hand."
ROWS = [
    {"path": "long", "text": VALVE},
    {"path": "code", "text": "Order 4711 was sent on Monday."},
    {"path": "other", "text": "Order 4712 was sent on Friday."},
]


@pytest.mark.parametrize(("query", "weight"), [("order sent", 0.7), ("order 4711 sent", 0.175)])
def test_meaning_counts_a_quarter_beside_numbers(
    lake: Lake, publish_rows: Publish, query: str, weight: float
) -> None:
    publish_rows(ROWS)
    for hit in search(lake, query):
        fusion, text, vector = (hit.why[name] for name in ("fusion", "text", "vector"))
        assert fusion["weights"] == {"text": 1.0, "vector": pytest.approx(weight)}
        by_text = text["share"] / (fusion["k"] + text["rank"]) if text else 0.0
        by_vector = fusion["weights"]["vector"] / (fusion["k"] + vector["rank"])
        assert hit.score == pytest.approx(by_text + by_vector)


def test_a_filter_with_digits_is_not_a_number_that_is_asked_for(
    lake: Lake, publish_rows: Publish
) -> None:
    publish_rows(ROWS)
    (hit, *_) = search(lake, "order sent after:2025")
    assert hit.why["fusion"]["weights"]["vector"] == 0.7


def test_a_word_is_less_near_than_a_passage(lake: Lake, publish_rows: Publish) -> None:
    publish_rows([*ROWS, {"path": "short", "text": "valve"}])
    scores = {hit.path: hit.score for hit in search(lake, "valve", mode="vector")}
    assert scores["short"] == pytest.approx(5 / (5 + 4), abs=1e-5)


def test_vectors_are_shortened_by_characters_without_white_space() -> None:
    vectors = np.eye(4, dtype=np.float32)
    texts = ["a b\n c d", "水位水位", "", "x" * 396]
    lengths = np.linalg.norm(shortened(vectors, texts), axis=1)
    assert lengths == pytest.approx([0.5, 0.5, 0.0, 0.99])
    assert shortened(vectors, texts).dtype == np.float32
