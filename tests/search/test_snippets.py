"""A snippet is a part of the text, with what matched in it where it is said to be."""

from __future__ import annotations

import re
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from dataq_lake.lake import Lake
from dataq_lake.search import search
from dataq_lake.search.snippets import snippet
from tests.search.notes import Publish


def terms_of(text: str, words: str) -> list[dict[str, Any]]:
    return [
        {"term": each[0], "text": each[0], "start": each.start(), "end": each.end()}
        for each in re.finditer(rf"\b(?:{words})\b", text)
    ]


def test_the_part_with_the_most_different_words_is_shown() -> None:
    text = "heron heron heron " + "x " * 200 + "the heron waits at the gauge" + " y" * 200
    shown = snippet(text, terms_of(text, "heron|gauge"), 100)
    assert [shown["text"][start:end] for start, end in shown["highlights"]] == ["heron", "gauge"]
    assert text[shown["start"] : shown["end"]] == shown["text"]


def test_without_a_match_it_is_the_beginning() -> None:
    assert snippet("a few words, " * 50, [], 60)["start"] == 0
    assert snippet("short", [], 60) == {"text": "short", "start": 0, "end": 5, "highlights": []}


@given(st.text(st.sampled_from("ab \n"), max_size=200), st.integers(10, 80))
def test_a_snippet_is_where_it_says(text: str, room: int) -> None:
    terms = terms_of(text, "a+|b")
    shown = snippet(text, terms, room)
    assert shown["text"] == text[shown["start"] : shown["end"]]
    longest = max((term["end"] - term["start"] for term in terms), default=0)
    assert len(shown["text"]) <= max(room, longest)
    marked = [shown["text"][start:end] for start, end in shown["highlights"]]
    assert all(re.fullmatch("a+|b", each) for each in marked)
    assert bool(marked) == bool(terms)


def test_words_are_whole_where_the_text_is_cut() -> None:
    text = "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth " * 9
    at = text.index("seventh", 300)
    shown = snippet(text, [{"term": "s", "text": "seventh", "start": at, "end": at + 7}], 80)
    assert set(shown["text"].split()) <= set(text.split())
    assert shown["start"] > 0


def test_hits_have_snippets_of_the_length_that_was_asked(lake: Lake, publish_rows: Publish) -> None:
    publish_rows([{"path": "a", "text": "word " * 200 + "the heron " + "word " * 200}])
    (hit,) = search(lake, "heron", snippet=60)
    assert "heron" in hit.snippet["text"]
    assert len(hit.snippet["text"]) <= 60
    ((start, end),) = hit.snippet["highlights"]
    assert hit.snippet["text"][start:end] == "heron"
