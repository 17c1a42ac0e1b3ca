"""Texts that are alike: as sets of words say, in whatever order they come, boundedly many edges."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataq_analyzers.pool import Pool
from dataq_assets.stages import alike, candidates, shingles, word_hashes
from dataq_assets.stages.shingles import jaccards, shingle_sets, sketch
from dataq_lake.lake import open_lake
from tests.assets.test_relationships import relate, texts_of
from tests.assets.way import Crash, Way, gone, item

WORDS = [f"word{number}" for number in range(60)]


def variant(number: int) -> bytes:
    """A text that is alike to all the others: one word of it is another."""
    told = list(WORDS)
    told[5 + 7 * (number % 8)] = f"other{number}"
    return " ".join(told).encode()


def exact(one: str, other: str) -> float:
    sets = [_runs(text) for text in (one, other)]
    return len(sets[0] & sets[1]) / len(sets[0] | sets[1])


def _runs(text: str) -> set[tuple[str, str, str]]:
    words = re.findall(r"\w+", text.lower())
    return set(zip(words, words[1:], words[2:], strict=False))


@given(
    st.lists(
        st.text("aBcé_9 ß–.\0\n日", min_size=0, max_size=30).map(lambda t: f"{t} x y z"),
        min_size=2,
        max_size=5,
    )
)
def test_jaccard_is_that_of_the_sets_of_words(texts: list[str]) -> None:
    sets = shingle_sets(texts)
    one, other = np.triu_indices(len(texts), 1)
    expected = [exact(texts[a], texts[b]) for a, b in zip(one, other, strict=True)]
    assert jaccards(sets, one, sets, other).tolist() == pytest.approx(expected)


@given(st.lists(st.text("aBé_9ßK'.\0\n日", max_size=40), max_size=4))
def test_words_are_those_of_the_language(texts: list[str]) -> None:
    hashes, counts = word_hashes.word_hashes(texts)
    lowered = pl.Series(texts, dtype=pl.String).str.to_lowercase().str.extract_all(r"\w+")
    assert counts.tolist() == lowered.list.len().to_list()
    words = [word for some in lowered for word in some]
    assert len(set(zip(words, hashes.tolist(), strict=True))) == len(set(words))
    assert len(set(hashes.tolist())) == len(set(words))


def test_a_text_is_compared_by_its_beginning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shingles, "MOST_WORDS", 4)
    assert shingle_sets(["a b c d e f", "a b", "", "x y z"]).sizes.tolist() == [2, 0, 0, 1]


def test_sketches_do_not_depend_on_what_is_beside_them() -> None:
    texts = [" ".join(WORDS[n:]) for n in range(50)] * 8
    together, alone = sketch(texts), np.concatenate([sketch([text]) for text in texts[:50]])
    assert (together[:50] == alone).all()
    assert (together[350:] == alone).all()


@pytest.fixture
def tight(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if four were very many."""
    monkeypatch.setattr(candidates, "EVERY_TWO", 3)
    monkeypatch.setattr(candidates, "HUBS", 1)


def edges(way: Way) -> list[tuple[Any, ...]]:
    names = ["id", "source_id", "target_id", "strength", "method"]
    rows = [{**row, "metadata": dict(row["metadata"])} for row in way.rows("relationships")]
    return sorted((*(row[name] for name in names), *row["metadata"].values()) for row in rows)


def related(way: Way, *items: Any) -> list[tuple[Any, ...]]:
    way.observe(*items)
    texts_of(way)
    relate(way, "near_duplicate_of")
    return edges(way)


def from_scratch(way: Way) -> list[tuple[Any, ...]]:
    for table in ("relationships", "relations", "sketches"):
        way.lake.table(table).clear()
    relate(way, "near_duplicate_of")
    return edges(way)


@pytest.mark.usefixtures("tight")
def test_very_many_are_held_together_by_few_in_whatever_steps(way: Way) -> None:
    names = [f"{number:02}.txt" for number in range(16)]
    for start in range(0, 16, 4):
        some = range(start, start + 4)
        steps = related(way, *(item(names[n], variant(n)) for n in some))
    assert steps == from_scratch(way)
    assert 15 <= len(steps) < 16 * 15 / 2
    found = way.lake.sql("select max(size) from graph_components()").fetchall()
    assert found == [(16,)]
    target = {row[2] for row in steps}
    paths = {row["id"]: row["path"] for row in way.rows("assets")}
    hubs = sorted(paths[id_] for id_ in target)
    steps = related(way, *(gone(name) for name in hubs[: len(hubs) // 2]))
    assert steps == from_scratch(way)


@pytest.mark.usefixtures("tight")
def test_a_kill_between_two_commits_loses_no_pair(way: Way) -> None:
    for number in range(6):
        way.observe(item(f"{number}.txt", variant(number)))
    texts_of(way)
    relate(way, "near_duplicate_of")
    # each kill leaves something half done, and what comes next is taken away again
    for commits in range(3):
        way.observe(*(item(f"{commits}{n}.txt", variant(10 * commits + n + 9)) for n in range(5)))
        texts_of(way)
        way.crash_after = commits
        with pytest.raises(Crash):
            relate(way, "near_duplicate_of")
        way.crash_after = None
        way.observe(*(gone(f"{commits}{n}.txt") for n in range(5)))
        texts_of(way)
        relate(way, "near_duplicate_of")
        found = edges(way)
        assert found == from_scratch(way)


def test_what_does_not_fit_into_memory_is_read_again(
    way: Way, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = related(way, *(item(f"{n}.txt", variant(n)) for n in range(12)))
    assert whole
    monkeypatch.setattr(alike, "AT_ONCE", 100)
    monkeypatch.setattr(alike, "BATCH_BYTES", 1000)
    assert from_scratch(way) == whole


def test_signs_that_part_evidence_cannot_be_smuggled_in(tmp_path: Path, pool: Pool) -> None:
    way = Way(open_lake(tmp_path / "lake"), pool)
    way.observe(item("a.html", b'<a href="b.html?\x1e\x1fq">b</a>'), item("b.html", b"<p>b</p>"))
    texts_of(way)
    relate(way, "links_to")
    (edge,) = way.rows("relationships")
    assert dict(edge["metadata"]) == {"href": "b.html?\ufffd\ufffdq"}
    version = way.lake.table("relationships").version()
    way.observe(item("c.html", b"<p>c</p>"))
    texts_of(way)
    relate(way, "links_to")
    assert way.lake.table("relationships").version() == version
