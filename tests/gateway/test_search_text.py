"""How a hit reads: the passage around what matched, wrapped, and the reasons in words."""

from __future__ import annotations

import click
from hypothesis import given
from hypothesis import strategies as st

from dataq_gateway.reasons import hanging, passage, reasons


def test_a_snippet_is_one_line_with_its_matches_marked() -> None:
    snippet = {"text": "the\nheron\x1b waits", "start": 9, "end": 25, "highlights": [[4, 9]]}
    shown = passage(snippet, 100)
    assert click.style("heron", bold=True) in shown
    assert click.unstyle(shown) == "…the heron waits…"


def test_a_short_text_is_shown_whole() -> None:
    snippet = {"text": "one\n\ntwo\x1b[31m", "start": 0, "end": 13, "highlights": []}
    assert passage(snippet, 13) == "one two [31m"


def test_reasons_tell_what_was_meant_and_how_like_it_is() -> None:
    why = {
        "vector": {"rank": 2, "score": 0.5},
        "terms": [{"text": "Heron", "for": "hron"}],
        "likeness": {"like": [{"id": "1" * 32, "score": 0.75}], "unlike": []},
    }
    assert reasons(why) == (
        "meaning rank 2 (score 0.5); matched heron (for hron); like 11111111 0.75"
    )


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
