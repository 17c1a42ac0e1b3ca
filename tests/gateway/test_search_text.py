"""How a hit reads: the passage around what matched, wrapped, and the reasons in words."""

from __future__ import annotations

import click
from hypothesis import given
from hypothesis import strategies as st

from dataq_gateway.reasons import hanging, passage, reasons


def term(text: str, word: str) -> dict[str, object]:
    start = text.index(word)
    return {"term": word, "text": word, "start": start, "end": start + len(word)}


def test_the_passage_begins_near_the_first_match() -> None:
    text = "x " * 300 + "the heron waits" + " y" * 300
    shown = passage(text, [term(text, "heron")])
    assert click.style("heron", bold=True) in shown
    plain = click.unstyle(shown)
    assert plain.startswith("…")
    assert plain.endswith("…")
    assert len(plain) < 260


def test_a_short_text_is_shown_whole_on_one_line() -> None:
    assert passage("one\n\ntwo\x1b[31m", []) == "one two [31m"


def test_reasons_name_rank_score_and_words() -> None:
    why = {
        "text": {"rank": 1, "score": 17.25},
        "vector": None,
        "terms": [{"text": "the"}, {"text": "Spider"}, {"text": "the"}],
    }
    assert reasons(why) == (
        "words rank 1 (score 17.2); meaning not among the best; matched spider, the"
    )


@given(st.text(min_size=1), st.integers(20, 80))
def test_wrapping_keeps_every_word_and_the_width(text: str, columns: int) -> None:
    wrapped = hanging(text, "  ", columns)
    assert wrapped.split() == text.split()
    for line in wrapped.split("\n"):
        assert line.startswith("  ")
        words = line.split()
        assert len(words) < 2 or sum(map(len, words)) < columns
