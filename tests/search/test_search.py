"""Search finds by word and by meaning, inside its limits, in a stable order, and says why."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataq_lake.errors import BadQuery, FixTheCall, ModelNotInstalled, UnknownSnapshot
from dataq_lake.indexes.documents import Publication
from dataq_lake.indexes.manifest import Model
from dataq_lake.indexes.publish import publish
from dataq_lake.indexes.snapshot import open_snapshot
from dataq_lake.lake import Lake, open_lake
from dataq_lake.search import MODES, Hit, Mode, Searcher, search
from dataq_lake.search.explain import fuse
from dataq_lake.search.filters import Filters
from dataq_lake.search.retrievers import Ranking
from tests.search.notes import Publish, documents, segment_id

MAIL = {
    "path": "inbox/1.eml",
    "text": "The Café was closed.\nWe were running late, so the runners ran home in the rain.",
    "title": "Marathon in Köln",
    "mime_type": "message/rfc822",
    "source": "mail",
}
CODE = {
    "path": "src/sort.py",
    "text": "def quicksort(items): return sorted(items)",
    "source": "git",
}
BREAD = {"path": "recipes/bread.md", "text": "Knead flour, water and yeast, then bake the loaf."}
ROWS = [MAIL, CODE, BREAD]


@pytest.fixture
def found(lake: Lake, publish_rows: Publish) -> Lake:
    """A lake with the three texts above."""
    publish_rows(ROWS)
    return lake


def paths(hits: list[Hit]) -> list[str]:
    return [hit.path for hit in hits]


def test_a_hit_tells_what_it_is(found: Lake) -> None:
    (hit,) = search(found, "marathon runners", k=1)
    told = hit.as_dict()
    assert told["id"] == segment_id(MAIL["path"], MAIL["text"])
    assert told["text"] == MAIL["text"]
    assert {name: told[name] for name in ("path", "source", "title", "mime_type")} == {
        name: MAIL[name] for name in ("path", "source", "title", "mime_type")
    }
    assert told["timestamp"] == "2026-01-01T00:00:00+00:00"
    assert told["snapshot"] == open_snapshot(found.root).manifest.id


def test_a_hit_tells_why(found: Lake) -> None:
    hits = search(found, "runner cafe", k=3, filters=Filters(sources=("mail", "git")))
    why = hits[0].why
    assert why["text"]["rank"] == 1
    assert why["text"]["score"] > 0
    assert why["vector"]["rank"] in {1, 2}
    assert -1 <= why["vector"]["score"] <= 1
    assert why["model"] == {"name": "wordllama", "version": "0.4.0.post1", "dimensions": 256}
    assert why["filters"] == {"sources": ["mail", "git"]}
    assert hits[1].why["text"] is None
    for hit in hits:
        k, weights = hit.why["fusion"]["k"], hit.why["fusion"]["weights"]
        places = [(weight, hit.why[name]) for name, weight in weights.items() if hit.why[name]]
        parts = [w * place.get("share", 1) / (k + place["rank"]) for w, place in places]
        assert hit.score == pytest.approx(sum(parts))


def test_the_page_on_search_shows_every_field(found: Lake) -> None:
    page = Path(__file__).parents[2] / "docs" / "search.md"
    (shown,) = json.loads(page.read_text(encoding="utf-8").split("```json\n")[1].split("```")[0])
    told = search(found, "marathon runners", k=1)[0].as_dict()
    assert list(shown) == list(told)
    assert list(shown["why"]) == list(told["why"])
    assert shown["why"]["fusion"] == told["why"]["fusion"]
    assert shown["why"]["model"] == told["why"]["model"]
    for each in shown["why"]["terms"]:
        assert shown["text"][each["start"] : each["end"]] == each["text"]


def test_a_first_place_counts_more_than_two_late_ones() -> None:
    late = {f"id{n:02}": 9.0 - n / 100 for n in range(1, 40)}
    fused = fuse({"text": Ranking({"first": 9.0, **late}), "vector": Ranking(late)})
    assert fused["first"] > fused["id19"]
    assert fused["id01"] > fused["first"]


def test_a_text_far_below_the_best_counts_less_than_its_rank() -> None:
    meant = {"meant": 0.5, "other": 0.4}
    near = fuse({"text": Ranking({"best": 9.0, "other": 8.9}), "vector": Ranking(meant)})
    far = fuse({"text": Ranking({"best": 9.0, "other": 0.9}), "vector": Ranking(meant)})
    assert near["other"] > near["meant"]
    assert far["other"] < far["meant"] + 0.02
    assert far["other"] == pytest.approx(0.1 / 12 + 0.7 / 12)
    assert far["best"] == near["best"]


def test_everything_counts_alike_where_nothing_was_asked() -> None:
    fused = fuse({"text": Ranking({"a": 0.0, "b": 0.0}), "vector": Ranking()})
    assert fused["a"] > fused["b"] > 0


def test_matched_words_are_where_they_are_said_to_be(found: Lake) -> None:
    (hit,) = search(found, "runner cafe +the missing", k=1)
    shown = [(each["term"], each["text"]) for each in hit.why["terms"]]
    assert shown == [
        ("the", "The"),
        ("cafe", "Café"),
        ("the", "the"),
        ("runner", "runners"),
        ("the", "the"),
    ]
    for each in hit.why["terms"]:
        assert hit.text[each["start"] : each["end"]] == each["text"]


def test_meaning_finds_what_no_word_does(found: Lake) -> None:
    assert search(found, "dough", mode="text") == []
    assert paths(search(found, "dough", k=1)) == [BREAD["path"]]
    assert paths(search(found, "sorting algorithm", k=1, mode="vector")) == [CODE["path"]]


def test_single_retrievers_score_by_themselves(found: Lake) -> None:
    (by_text,) = search(found, "quicksort", mode="text")
    assert by_text.score == by_text.why["text"]["score"]
    assert "vector" not in by_text.why
    assert "fusion" not in by_text.why
    by_vector = search(found, "quicksort", mode="vector")
    assert [hit.score for hit in by_vector] == sorted(
        (hit.score for hit in by_vector), reverse=True
    )
    assert len(by_vector) == 3


def test_titles_and_file_names_are_found(found: Lake) -> None:
    assert paths(search(found, "köln", mode="text")) == [MAIL["path"]]
    assert paths(search(found, "bread.md", mode="text")) == [BREAD["path"]]
    assert paths(search(found, "title:marathon", mode="text")) == [MAIL["path"]]
    assert paths(search(found, "title:runners", mode="text")) == []


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ('"running late"', ["inbox/1.eml"]),
        ('"late running"', []),
        ("bake +quicksort", ["src/sort.py"]),
        ("late -rain", []),
        ("(bake OR quicksort) AND NOT yeast", ["src/sort.py"]),
        ("-rain", []),
        ("Re: quicksort", ["src/sort.py"]),
        ("https://quicksort", ["src/sort.py"]),
        ("source:quicksort", ["src/sort.py"]),
        ("quicksort^3 yeast", ["src/sort.py", "recipes/bread.md"]),
        ("text: IN [quicksort]", ["src/sort.py"]),
        ("/quick.*/ quicksort", ["src/sort.py"]),
        ('"unclosed quicksort', []),
        ("quicksort AND", ["src/sort.py"]),
        ("what is the quicksort", ["src/sort.py"]),
        ("what of the +and", ["recipes/bread.md"]),
        ("the of", ["inbox/1.eml", "recipes/bread.md"]),
        ("bake OR NOT (quicksort OR rain)", ["recipes/bread.md"]),
        ("* -rain -bake", ["src/sort.py"]),
        ("- quicksort - bake +", ["src/sort.py", "recipes/bread.md"]),
    ],
)
def test_the_grammar_of_words(found: Lake, query: str, expected: list[str]) -> None:
    assert paths(search(found, query, mode="text")) == expected


def test_demands_hold_for_vectors_too(found: Lake) -> None:
    for mode in MODES:
        assert CODE["path"] not in paths(search(found, "algorithm -quicksort", mode=mode))
    assert paths(search(found, "+yeast algorithm")) == [BREAD["path"]]


@pytest.mark.parametrize(
    "query", ["", "   ", "\n", "-", '""', "(((((((", "-rain", "☃", "\x00", "\ud800"]
)
@pytest.mark.parametrize("mode", MODES)
def test_nothing_asked_is_nothing_found_by_words(found: Lake, query: str, mode: Mode) -> None:
    hits = search(found, query, mode=mode)
    assert hits == [] or (mode != "text" and query.strip())


@given(
    query=st.text(
        st.one_of(st.characters(), st.sampled_from('"()+-:^~*[]{}/\\ ANDORTIaé')), max_size=40
    )
)
def test_no_query_is_an_error(whole: Searcher, query: str) -> None:
    for hit in whole.search(query, 3):
        for each in hit.why["terms"]:
            assert hit.text[each["start"] : each["end"]] == each["text"]


@pytest.mark.parametrize("query", ["(" * 20_000, "word " * 20_000, "x" * 100_000, '"a b" ' * 3_000])
def test_a_huge_query_is_plain_words(whole: Searcher, query: str) -> None:
    whole.search(query, 3)


def test_everything_can_be_listed(found: Lake) -> None:
    listed = search(found, "*", k=10, filters=Filters(types=("text/*",)))
    assert [hit.id for hit in listed] == sorted(
        segment_id(r["path"], r["text"]) for r in (CODE, BREAD)
    )


def test_k_is_how_many_at_most(found: Lake) -> None:
    assert len(search(found, "the", k=1)) == 1
    assert len(search(found, "the", k=10**9)) == 3
    for k in (0, -1):
        with pytest.raises(BadQuery, match="at least one"):
            search(found, "the", k=k)


def test_what_cannot_be_is_said(found: Lake) -> None:
    with pytest.raises(BadQuery, match="hybrid, text, vector"):
        search(found, "the", mode="magic")  # type: ignore[arg-type]
    with pytest.raises(UnknownSnapshot, match="no snapshot"):
        search(found, "the", snapshot="ffffffff")
    with pytest.raises(UnknownSnapshot):
        search(found, "the", snapshot="")
    with pytest.raises(FixTheCall, match="yesterday"):
        search(found, "the", filters=Filters(after="yesterday"))


def test_an_index_of_another_version_of_the_model_is_refused(lake: Lake, model: Model) -> None:
    publish(lake, Publication(replace(model, version="0.1"), [documents(ROWS)]))
    with pytest.raises(ModelNotInstalled, match=r"made with wordllama 0\.1, installed is 0\.4"):
        search(lake, "bread")
    assert paths(search(lake, "loaf", mode="text")) == [BREAD["path"]]


def test_equal_scores_come_in_order_of_id(lake: Lake, publish_rows: Publish) -> None:
    rows = [{"path": f"{n}.txt", "text": f"same words {'abcdefgh'[n]}"} for n in range(8)]
    publish_rows(rows[::2])
    publish_rows(rows[1::2])
    for mode in ("text", "hybrid"):
        first = [hit.id for hit in search(lake, "words same", mode=mode, k=4)]
        assert first == [hit.id for hit in search(lake, "words same", mode=mode, k=8)][:4]
    assert [hit.id for hit in search(lake, "same", mode="text")] == sorted(
        segment_id(r["path"], r["text"]) for r in rows
    )


def test_filters_are_applied_inside_the_search(lake: Lake, publish_rows: Publish) -> None:
    crowd = [{"path": f"crowd/{n}", "text": f"apple pie {n}"} for n in range(300)]
    rare = {
        "path": "rare/x",
        "text": "a bicycle next to an apple and many other words",
        "source": "s2",
    }
    publish_rows([*crowd, rare])
    for limits in (
        Filters(sources=("s2",)),
        Filters(paths=("rare/",)),
        Filters(paths=("*/x",)),
    ):
        for mode in MODES:
            assert paths(search(lake, "apple pie", k=5, filters=limits, mode=mode)) == ["rare/x"]


_PATHS = [
    "a/b.txt",
    "a/b.md!/c.txt",
    "a\nb",
    "ä/ö.txt",
    "x+[1](2).txt",
    "a\\b",
    "C:\\x y",
    "a/B.txt",
]
_TYPES = ["text/plain", "text/html", "message/rfc822", "image/svg+xml", ""]
_START = datetime(2026, 1, 1, tzinfo=UTC)


def everything() -> list[dict[str, Any]]:
    """A row for each path, type and source, every third without a time."""
    return [
        {
            "path": path,
            "mime_type": mime_type,
            "source": source,
            "text": f"note {index}",
            "timestamp": None if index % 3 == 2 else _START + timedelta(microseconds=index),
        }
        for index, (path, mime_type, source) in enumerate(
            (p, t, s) for p in _PATHS for t in _TYPES for s in ("one", "two")
        )
    ]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, model: Model) -> Searcher:
    """A searcher over `everything`, in two parts and with one segment gone."""
    lake = open_lake(tmp_path_factory.mktemp("whole"))
    rows = everything()
    batch = documents([*rows, {"path": "gone", "text": "gone"}])
    publish(lake, Publication(model, [batch.slice(0, 30), batch.slice(60)]))
    gone = [segment_id("gone", "gone")]
    publish(lake, Publication(model, [batch.slice(30, 30)], gone))
    return Searcher(open_snapshot(lake.root))


_moments = st.one_of(
    st.none(), st.integers(-1, 90).map(lambda n: _START + timedelta(microseconds=n))
)
_filters = st.builds(
    Filters,
    types=st.lists(
        st.sampled_from([*_TYPES[:4], "text/*", "*", "image/?vg*", "text", "*/html"]), max_size=2
    ).map(tuple),
    sources=st.lists(st.sampled_from(["one", "two", "o*", "three"]), max_size=2).map(tuple),
    paths=st.lists(
        st.sampled_from(
            ["a/", "a", "*.txt", "x+[1]", "*[*", "ä/?.txt", "a?b", "C:\\", "", "*!/*", "A/", "."]
        ),
        max_size=2,
    ).map(tuple),
    after=_moments,
    before=_moments,
)


def meets(row: dict[str, Any], limits: Filters) -> bool:
    """What the filters mean, said another way."""

    def like(value: str, patterns: tuple[str, ...], prefix: bool) -> bool:
        return not patterns or any(
            fnmatchcase(value, re.sub(r"([\[\]])", r"[\1]", pattern))
            or (prefix and not set("*?") & set(pattern) and value.startswith(pattern))
            for pattern in patterns
        )

    time = row["timestamp"]
    return (
        like(row["mime_type"], limits.types, prefix=False)
        and like(row["source"], limits.sources, prefix=False)
        and like(row["path"], limits.paths, prefix=True)
        and (limits.after is None or (time is not None and time >= limits.after))
        and (limits.before is None or (time is not None and time < limits.before))
    )


@given(limits=_filters)
def test_both_retrievers_read_filters_alike(whole: Searcher, limits: Filters) -> None:
    expected = sorted(segment_id(r["path"], r["text"]) for r in everything() if meets(r, limits))
    for query, mode in (("*", "text"), ("note", "vector"), ("note", "hybrid")):
        hits = whole.search(query, 200, limits, mode)  # type: ignore[arg-type]
        assert sorted(hit.id for hit in hits) == expected, mode


_LIGHT = """
import sys
from dataq_lake.search import search
print(len(search(sys.argv[1], "bread", mode=sys.argv[2])))
print(sorted(set(sys.argv[3].split()) & set(sys.modules)))
"""


@pytest.mark.parametrize(
    ("mode", "heavy"),
    [("text", "faiss tokenizers"), ("hybrid", "tokenizers wordllama requests")],
)
def test_a_search_imports_only_what_it_needs(found: Lake, mode: str, heavy: str) -> None:
    heavy += " dagster polars deltalake duckdb huggingface_hub"
    done = subprocess.run(
        [sys.executable, "-c", _LIGHT, str(found.root), mode, heavy],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines()[1] == "[]"
