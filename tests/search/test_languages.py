"""Words are found by the stems of their texts' own languages, whatever the query's is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dataq_analyzers.pool import Pool
from dataq_lake.indexes.documents import Publication
from dataq_lake.indexes.manifest import Model
from dataq_lake.indexes.publish import publish
from dataq_lake.indexes.snapshot import open_snapshot
from dataq_lake.indexes.words import STEMMERS, analyzer, stemmer_of
from dataq_lake.lake import Lake, open_lake
from dataq_lake.search import Searcher, search
from tests.assets.way import Way, item
from tests.search.notes import documents

ROWS: list[dict[str, Any]] = [
    {"path": "en", "language": "en", "text": "She runs and got up early."},
    {"path": "unknown", "language": None, "text": "Nobody was running there."},
    {"path": "de", "language": "de", "text": "Am Ufer stehen alte Häuser.", "title": "Bücher"},
    {"path": "fr", "language": "fr", "text": "Les chevaux boivent l'eau à midi."},
    {"path": "es", "language": "es", "text": "Una gota de lluvia."},
    {"path": "ru", "language": "ru", "text": "Старые книги лежат дома."},
    {"path": "ja", "language": "ja", "text": "Quartz 水晶."},
    {"path": "nn", "language": "nn", "text": "Hestene står ute."},
]


@pytest.fixture(scope="module")
def searcher(tmp_path_factory: pytest.TempPathFactory, model: Model) -> Searcher:
    """A searcher over the rows above."""
    lake = open_lake(tmp_path_factory.mktemp("languages"))
    publish(lake, Publication(model, [documents(ROWS)]))
    return Searcher(open_snapshot(lake.root))


@pytest.mark.parametrize(
    ("typed", "wanted"),
    [
        ("Haus", ["de"]),
        ("hauser", ["de"]),
        ("title:Buch", ["de"]),
        ("cheval", ["fr"]),
        ("книга", ["ru"]),
        ("hest", ["nn"]),
        ("run", ["en", "unknown"]),
        ("+haus -cheval", ["de"]),
        ('"altes haus"', ["de"]),
        ('"ufer haus"', []),
        ("quartz", ["ja"]),
        ("haus cheval книга", ["de", "fr", "ru"]),
        ("Häusr", ["de"]),
        ("chevql", ["fr"]),
    ],
)
def test_a_word_is_found_in_other_forms(searcher: Searcher, typed: str, wanted: list[str]) -> None:
    assert sorted(hit.path for hit in searcher.search(typed, mode="text")) == wanted


def test_a_stem_counts_in_texts_of_its_language_only(searcher: Searcher) -> None:
    assert stemmed("goto", "es") == stemmed("got", "en") == ["got"]
    assert [hit.path for hit in searcher.search("goto gota", mode="text")] == ["es"]


def stemmed(word: str, language: str) -> list[str]:
    return analyzer(stemmer_of(language)).analyze(word)


def test_what_was_found_is_told_as_it_stands(searcher: Searcher) -> None:
    (hit,) = searcher.search("haus", mode="text")
    assert hit.why["terms"] == [{"term": "haus", "text": "Häuser", "start": 20, "end": 26}]
    assert hit.snippet["highlights"] == [[20, 26]]
    (hit,) = searcher.search("chevql", mode="text")
    assert [(each["text"], each["for"]) for each in hit.why["terms"]] == [("chevaux", "chevql")]


def test_a_word_counts_the_same_in_a_language_of_few_texts(tmp_path: Path, model: Model) -> None:
    many: list[dict[str, Any]] = [
        {"path": f"{n}", "language": "en", "text": f"running item{n}"} for n in range(20)
    ]
    one = {"path": "de", "language": "de", "text": "running wort"}
    lake = open_lake(tmp_path)
    publish(lake, Publication(model, [documents([*many, one])]))
    scores = {hit.path: hit.score for hit in search(lake, "running", 30, mode="text")}
    assert len(scores) == 21
    assert scores["de"] == pytest.approx(scores["0"])


def test_where_all_is_english_a_query_has_no_other_stems(
    lake: Lake, model: Model, searcher: Searcher
) -> None:
    publish(lake, Publication(model, [documents(ROWS[:2])]))
    words = Searcher(lake.index())._texts.words
    assert [word.others for word in words.words("running horses")] == [(), ()]
    (word,) = searcher._texts.words.words("houses")
    assert {code for _, codes in word.others for code in codes} <= {"de", "fr", "es", "ru", "nn"}


def test_the_language_may_be_left_out(lake: Lake, model: Model) -> None:
    publish(lake, Publication(model, [documents(ROWS[:2]).drop_columns(["language"])]))
    assert len(search(lake, "run", mode="text")) == 2


def test_each_stemmer_is_there() -> None:
    assert all(analyzer(stemmer).analyze("a1") for stemmer in STEMMERS.values())


@pytest.fixture(scope="module")
def pool() -> Iterator[Pool]:
    with Pool(workers=1, item_seconds=60) as pool:
        yield pool


def test_the_language_of_a_file_goes_all_the_way(tmp_path: Path, pool: Pool) -> None:
    lake = open_lake(tmp_path)
    way = Way(lake, pool)
    text = "Am Ufer des Flusses stehen noch immer die alten Häuser der Fischer und warten."
    way.observe(item("ufer.txt", text.encode()))
    way.derive()
    (hit,) = search(lake, "Haus", mode="text")
    assert [each["text"] for each in hit.why["terms"]] == ["Häuser"]
