"""What is a new version and what is none: each story once, then told again."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from dataq_plugins.host import Item
from tests.assets.way import Way, gone, hash_of, item

A, B = b"first content", b"second content"
Story = list[list[Item]]

STORIES: dict[str, tuple[Callable[[], Story], int, bytes | None]] = {
    "new": (lambda: [[item("x", A)]], 1, A),
    "back to what it was": (
        lambda: [[item("x", A, 1)], [item("x", B, 2)], [item("x", A, 3)]],
        3,
        A,
    ),
    "back to it with its old time": (
        lambda: [[item("x", A, 1)], [item("x", B, 2)], [item("x", A, 1)]],
        3,
        A,
    ),
    "deleted": (lambda: [[item("x", A, 1)], [gone("x", 2)]], 2, None),
    "restored with its old time": (
        lambda: [[item("x", A, 1)], [gone("x", 2)], [item("x", A, 1)]],
        3,
        A,
    ),
    "other labels": (
        lambda: [[item("x", A, 1, labels="new")], [item("x", A, 1, labels="read")]],
        2,
        A,
    ),
    "touched": (lambda: [[item("x", A, 1)], [item("x", A, 2)]], 2, A),
    "all in one batch": (lambda: [[item("x", A, 1), item("x", B, 2), item("x", A, 3)]], 3, A),
    "older by its time": (lambda: [[item("x", A, 9)], [item("x", B, 1)]], 2, B),
    "without a time": (lambda: [[item("x", A, None)], [item("x", B, None)]], 2, B),
}


@pytest.mark.parametrize("name", STORIES)
@pytest.mark.parametrize("at_once", [True, False], ids=["derived at the end", "after each"])
def test_story(way: Way, name: str, at_once: bool) -> None:
    story, rows, content = STORIES[name]
    for batch in story():
        way.observe(*batch)
        if not at_once:
            way.derive("gate", "assets")
    way.derive("gate", "assets")

    assert len(way.rows("raw_s")) == rows
    assert way.contents() == ({} if content is None else {"x": hash_of(content)})
    upserts = len(way.rows("raw_s", op="upsert"))
    assert sorted(row["version"] for row in way.rows("entities")) == list(range(1, upserts + 1))
    assert way.broken_checks("accounting", "items_become_assets", "one_latest_version") == []


@pytest.mark.parametrize("name", STORIES)
def test_last_batch_told_again_changes_nothing(way: Way, name: str) -> None:
    story = STORIES[name][0]
    for batch in story():
        way.observe(*batch)
    way.derive("gate", "assets")
    before = way.versions()

    assert way.observe(story()[-1][-1]) == 0
    assert not any(way.derive("gate", "assets").values())
    assert {**way.versions(), "raw_s": 0} == {**before, "raw_s": 0}


def test_versions_have_one_first_and_follow_observation(way: Way) -> None:
    way.observe(item("x", A, 5))
    way.observe(item("x", B, 1))
    way.derive("gate", "assets")

    first, second = sorted(way.rows("entities"), key=lambda row: row["version"])
    assert first["version_of"] == second["version_of"] == first["id"]
    assert (first["is_latest"], second["is_latest"]) == (False, True)


def test_deletion_of_something_unknown_is_no_row(way: Way) -> None:
    assert way.observe(gone("never seen")) == 0
    way.observe(item("x", A))
    way.observe(gone("x"))
    assert way.observe(gone("x")) == 0


def test_tombstone_is_filed_in_the_window_of_its_version(way: Way) -> None:
    way.observe(item("x", A, 1))
    way.observe(gone("x", 300))
    first, tombstone = way.rows("raw_s")
    assert tombstone["op"] == "delete"
    assert tombstone["window"] == first["window"]


def test_capture_time_is_stamped_only_on_change(way: Way) -> None:
    way.observe(item("x", A, None))
    assert way.observe(item("x", A, None)) == 0
    assert way.observe(item("x", B, None)) == 1
    first, second = way.rows("raw_s")
    assert first["timestamp"] < second["timestamp"]


def test_a_rejected_version_leaves_the_last_good_one_latest(way: Way) -> None:
    way.observe(item("x", A, 1))
    way.derive("gate", "assets")
    way.observe(item("x", b"", 2))
    way.derive("gate", "assets")
    assert way.contents() == {"x": hash_of(A)}
    assert [row["rule"] for row in way.rows("quarantine")] == ["empty"]


def test_same_content_in_two_sources_is_a_duplicate_of_the_first(way: Way) -> None:
    way.observe(item("x", A), source="one")
    way.derive("gate", "assets")
    way.observe(item("y", A), item("z", A), source="two")
    way.derive("gate", "assets")
    first = next(row["id"] for row in way.rows("assets") if row["path"] == "x")
    found = {row["path"]: row["duplicate_of"] for row in way.rows("assets")}
    assert found == {"x": None, "y": first, "z": first}
