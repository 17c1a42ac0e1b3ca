"""Each content is analyzed once, whatever becomes of it; segments and messages follow by joins."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

import polars as pl
import pytest

from dataq_analyzers import registry
from dataq_analyzers.outcome import Failed
from dataq_assets.stages import reading
from dataq_assets.stages.arrow import batch_of
from dataq_assets.stages.texts import Texts
from dataq_lake.difference import Difference
from dataq_lake.errors import ContentLost
from tests.assets.way import Way, gone, item

LETTER = b"""Message-ID: <2@x>
In-Reply-To: <1@x>
References: <0@x> <1@x>
From: Ana <ana@example.org>
To: jon@example.org
Date: Mon, 2 Mar 2026 10:00:00 +0000
Subject: the gauge

It was a spider, and a large one at that.
"""
TEXT = b"One paragraph about herons and rivers.\n\nAnother about spiders and wells.\n"


class Failing:
    """A pool in which every task ends the same way."""

    def __init__(self, kind: str, error: str = "") -> None:
        self.kind, self.error = kind, error

    def map(self, function: Any, tasks: Iterable[Any], size: Any = None) -> Iterator[Failed]:
        for index, _ in enumerate(tasks):
            yield Failed(index, self.kind, "as the test says", self.error)  # type: ignore[arg-type]


class Noting:
    """A pool that keeps the names of what it is given, and has nothing to say."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def map(self, function: Any, tasks: Iterable[Any], size: Any = None) -> Iterator[Failed]:
        for task in tasks:
            self.names.append(task.name)
        yield from ()


def failing(way: Way, kind: str, error: str = "") -> Way:
    return replace(way, pool=Failing(kind, error))  # type: ignore[arg-type]


def test_segments_are_slices_of_the_text_with_their_place(way: Way) -> None:
    way.observe(item("a.md", b"# Herons\n\nThey stand in rivers.\n\n# Spiders\n\nIn wells.\n"))
    way.derive("gate", "assets", "texts", "segments")
    (text,) = way.rows("texts")
    segments = sorted(way.rows("segments"), key=lambda row: row["sequence_number"])
    assert segments
    for number, row in enumerate(segments):
        start, end = row["start_marker"]["char"], row["end_marker"]["char"]
        assert row["text"] == text["text"][start:end] != ""
        assert (row["sequence_number"], row["text_id"]) == (number, text["id"])
    assert (text["title"], text["extractor"]) == ("Herons", "markdown")


def test_one_content_in_many_places_is_analyzed_once(way: Way) -> None:
    way.observe(*(item(f"copy{n}.txt", TEXT, n) for n in range(3)))
    assert way.derive("gate", "assets", "texts")["texts"] == 1
    way.derive("segments")
    assert len({row["asset_id"] for row in way.rows("segments")}) == 3
    way.observe(item("copy3.txt", TEXT, 9), source="elsewhere")
    assert "texts" not in way.derive("gate", "assets", "texts")
    assert way.derive("segments")["segments"] > 0


def test_mails_have_messages_with_threads(way: Way) -> None:
    way.observe(item("2.eml", LETTER, content_type="message/rfc822"))
    way.derive("gate", "assets", "texts", "segments")
    (row,) = way.rows("messages")
    assert (row["message_id"], row["in_reply_to"], row["thread_id"]) == ("2@x", "1@x", "0@x")
    assert (row["subject"], row["to"]) == ("the gauge", ["jon@example.org"])


@pytest.mark.parametrize(
    ("kind", "error", "rule", "severity"),
    [
        ("crash", "", "analyzer_crash", "error"),
        ("timeout", "", "analyzer_timeout", "error"),
        ("memory", "", "analyzer_memory", "error"),
        ("error", "ValueError", "analyzer_error", "error"),
        ("error", "SkipContent", "unreadable", "warning"),
    ],
)
def test_failures_are_remembered_and_held_back(
    way: Way, kind: str, error: str, rule: str, severity: str
) -> None:
    way.observe(item("a.txt", TEXT))
    bad = failing(way, kind, error)
    bad.derive("gate", "assets", "texts", "segments")
    (row,) = way.rows("quarantine")
    assert (row["stage"], row["rule"], row["severity"]) == ("texts", rule, severity)
    assert row["reason"] == "text: as the test says"
    assert [row["outcome"] for row in way.rows("analyses")] == [rule]
    assert way.derive("texts") == {}


def test_a_missing_tool_is_not_remembered(way: Way) -> None:
    way.observe(item("a.txt", TEXT))
    failing(way, "error", "ToolMissing").derive("gate", "assets", "texts")
    assert way.rows("analyses") == way.rows("quarantine") == []
    assert way.derive("texts")["texts"] == 1


def test_replay_tries_again_and_resolves(way: Way) -> None:
    way.observe(item("a.txt", TEXT), item("b.txt", b"other text in another file\n"))
    failing(way, "timeout").derive("gate", "assets", "texts")
    way.replay(stage="texts")
    failing(way, "timeout").derive("texts")
    assert [(row["state"], row["attempts"]) for row in way.rows("quarantine")] == [("open", 2)] * 2
    assert way.derive("texts") == {}

    way.replay(stage="texts")
    way.derive("texts", "segments")
    assert [row["state"] for row in way.rows("quarantine")] == ["resolved"] * 2
    assert [row["outcome"] for row in way.rows("analyses")] == ["text"] * 2
    assert len(way.rows("segments")) >= 2


def test_content_that_is_too_large_is_not_even_read(
    way: Way, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "LARGEST_BYTES", 10)
    way.observe(item("a.txt", TEXT))
    way.derive("gate", "assets", "texts")
    (row,) = way.rows("quarantine")
    assert (row["rule"], row["reason"]) == ("unreadable", "text: larger than 10 bytes")


def test_a_new_version_of_an_analyzer_replaces_what_counts(
    way: Way, monkeypatch: pytest.MonkeyPatch
) -> None:
    way.observe(item("a.txt", TEXT))
    way.derive()
    old = {row["id"] for row in way.rows("segments")}
    analyzer = registry.analyzer_for("text/plain")
    monkeypatch.setattr(type(analyzer), "version", "next", raising=True)

    assert way.derive()["texts"] == 1
    new = {row["id"] for row in way.rows("segments")} - old
    assert len(new) == len(old)
    assert way.broken_checks("index_is_current") == []
    assert way.derive() == {}


def test_texts_without_units_are_not_asked_for_again(way: Way) -> None:
    way.observe(item("blank.txt", b"\n \n\n"))
    way.derive("gate", "assets", "texts")
    assert [row["outcome"] for row in way.rows("analyses")] in (["empty"], ["unreadable"])
    assert way.derive("texts", "segments") == {}


def test_vectors_are_made_once_a_text(way: Way) -> None:
    way.observe(item("a.txt", TEXT), item("b.txt", TEXT + b"\nAnd a third one about mills.\n"))
    way.derive()
    hashes = [row["text_hash"] for row in way.rows("embeddings")]
    assert sorted(hashes) == sorted({row["text_hash"] for row in way.rows("segments")})
    lengths = way.lake.table("embeddings").scan().select(pl.col("vector").list.len()).collect()
    assert lengths["vector"].unique().to_list() == [256]
    assert way.derive() == {}


def test_index_follows_what_is_current(way: Way) -> None:
    way.observe(
        item("a.txt", b"A heron in the river.\n"), item("b.txt", b"A spider in the well.\n")
    )
    way.derive()
    first = way.rows("snapshots")
    way.observe(item("a.txt", b"Two herons in the river.\n", 1), gone("b.txt", 1))
    way.derive()
    assert way.broken_checks() == []
    assert [row["segments"] for row in way.rows("snapshots")] == [2, 1]
    assert not way.publish().changed
    assert first[0]["id"] in {row["id"] for row in way.rows("snapshots")}


def test_rounds_are_bounded(way: Way, monkeypatch: pytest.MonkeyPatch) -> None:
    from dataq_assets.stages import analyzed

    monkeypatch.setattr(analyzed, "ROUND_ROWS", 2)
    way.observe(*(item(f"{n}.txt", b"text number %d\n" % n) for n in range(5)))
    way.derive("gate", "assets")
    rounds = list(Texts(way.lake, way.pool, "run", 0).rounds())
    sizes = [sum(batch.num_rows for batch in round_["texts"].new) for round_ in rounds]
    assert sizes == [2, 2, 1]


def test_small_contents_are_analyzed_before_large_ones_wherever_they_lie(way: Way) -> None:
    sizes = {"huge.txt": 5 << 20, "large.txt": 2 << 20, "b.txt": 300, "a.txt": 20_000}
    way.observe(*(item(name, b"heron " * (size // 6)) for name, size in sizes.items()))
    way.observe(item("middle.txt", b"gauge " * 100_000), item("c.txt", b"c"), source="other")
    way.derive("gate", "assets")
    for _ in range(2):
        noting = Noting()
        list(reading.Reading(way.lake, noting).outcomes())  # type: ignore[arg-type]
        assert set(noting.names[:3]) == {"a.txt", "b.txt", "c.txt"}
        assert noting.names[3:] == ["middle.txt", "large.txt", "huge.txt"]


def test_what_is_lost_is_told_after_all_others_are_read(way: Way) -> None:
    way.observe(item("small.txt", b"heron"), item("large.txt", b"gauge " * 200_000))
    way.derive("gate", "assets")
    lake = way.lake
    (small,) = way.rows("assets", path="small.txt")
    lost = {**small, "storage_path": "raw:" + "0" * 32}
    lake.table("assets").apply(Difference([batch_of("assets", [lost])], [small["id"]]))
    noting = Noting()
    with pytest.raises(ContentLost):
        list(reading.Reading(lake, noting).outcomes())  # type: ignore[arg-type]
    assert noting.names == ["large.txt"]
