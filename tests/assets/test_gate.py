"""The gate: everything new becomes an item or a row of quarantine, and can come back."""

from __future__ import annotations

import base64

import pytest

from dataq_assets.stages.judging import GatePlan
from dataq_assets.stages.rule import GateSettings
from dataq_assets.stages.transform import TransformRule
from dataq_lake.content import read_content
from dataq_lake.lake import Lake
from tests.assets.way import Crash, Way, hash_of, item

ENCODED = base64.b64encode(b"a letter to decode").strip()


def test_item_is_described(way: Way) -> None:
    text = b"# The heron\n\nIt stands in the river all morning and waits for the fish to come.\n"
    way.observe(item("notes/heron.md", text, content_type="text/markdown"))
    way.derive("gate")
    (row,) = way.rows("items")
    assert row["detected_type"] == "text/markdown"
    assert (row["language"], row["title"]) == ("en", "The heron")
    assert (row["text_length"], row["quality_score"]) == (len(text), 1.0)
    assert (row["classification"], row["size"]) == ("text", len(text))
    assert row["content_hash"] == hash_of(text)


def test_picture_has_no_text_columns(way: Way) -> None:
    way.observe(item("a.png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\1\0\0\0\1\x08\2\0\0\0"))
    way.derive("gate")
    (row,) = way.rows("items")
    assert (row["detected_type"], row["classification"]) == ("image/png", "image")
    assert row["text_length"] is row["quality_score"] is row["language"] is None


def test_rejected_rows_say_why_and_are_counted(way: Way) -> None:
    way.observe(
        item("good.txt", b"text"),
        item("empty.txt", b""),
        item("secret", problem="permission denied"),
    )
    way.derive("gate")
    held = {row["source_id"]: row for row in way.rows("quarantine")}
    assert {name: row["rule"] for name, row in held.items()} == {
        "empty.txt": "empty",
        "secret": "problem",
    }
    assert held["secret"]["reason"] == "permission denied"
    assert {row["state"] for row in held.values()} == {"open"}
    assert {(row["stage"], row["attempts"]) for row in held.values()} == {("gate", 1)}
    assert way.broken_checks("accounting") == []


def test_nothing_is_judged_twice(way: Way) -> None:
    way.observe(item("good.txt", b"text"), item("empty.txt", b""))
    assert way.derive("gate") == {"items": 1, "quarantine": 1}
    assert way.derive("gate") == {}


def test_second_content_of_one_id_and_time_is_rejected(way: Way) -> None:
    way.observe(item("x", b"one", 1), item("x", b"two", 1))
    way.derive("gate")
    assert [row["content_hash"] for row in way.rows("items")] == [hash_of(b"one")]
    assert [row["rule"] for row in way.rows("quarantine")] == ["duplicate_id"]


def test_replay_that_fails_again_is_open_with_one_more_attempt(way: Way) -> None:
    way.observe(item("empty.txt", b""))
    way.derive("gate")
    (before,) = way.rows("quarantine")
    assert way.replay(rule="empty") == 1
    way.derive("gate")
    (after,) = way.rows("quarantine")
    assert (after["id"], after["state"], after["attempts"]) == (before["id"], "open", 2)
    assert after["created_at"] == before["created_at"] < after["updated_at"]
    assert way.broken_checks("accounting") == []


def test_replay_that_passes_is_resolved(way: Way) -> None:
    way.plan = GatePlan(GateSettings(max_item_bytes=3))
    way.observe(item("long.txt", b"longer than three"))
    way.derive("gate", "assets")
    assert [row["rule"] for row in way.rows("quarantine")] == ["oversize"]

    way.plan = GatePlan()
    way.replay(source="s")
    way.derive("gate", "assets")
    (row,) = way.rows("quarantine")
    assert (row["state"], row["attempts"]) == ("resolved", 2)
    assert way.contents() == {"long.txt": hash_of(b"longer than three")}
    assert way.broken_checks("accounting") == []
    assert way.derive("gate", "assets") == {}


def test_crash_between_item_and_resolution_heals(way: Way) -> None:
    way.plan = GatePlan(GateSettings(max_item_bytes=3))
    way.observe(item("long.txt", b"longer than three"))
    way.derive("gate")
    way.replay(source="s")
    way.plan = GatePlan()
    way.crash_after = 0
    with pytest.raises(Crash):
        way.derive("gate")
    way.crash_after = None
    way.derive("gate")
    assert [row["state"] for row in way.rows("quarantine")] == ["resolved"]
    assert len(way.rows("items")) == 1
    assert way.broken_checks("accounting") == []


def test_transformed_bytes_are_what_follows(way: Way, lake: Lake) -> None:
    rules = (TransformRule("decode", {"content_encoding": "base64"}), TransformRule("normalise"))
    way.plan = GatePlan(transforms=rules)
    way.observe(item("a.txt", ENCODED, content_encoding="base64"), item("b.txt", b"as it is"))
    way.derive("gate", "assets")
    first = next(row for row in way.rows("items") if row["source_id"] == "a.txt")
    assert first["transform"] == "decode"
    assert first["content_hash"] == hash_of(b"a letter to decode")
    assets = {row["path"]: row["id"] for row in way.rows("assets")}
    assert read_content(lake, assets["a.txt"], verify=True) == b"a letter to decode"
    assert read_content(lake, assets["b.txt"], verify=True) == b"as it is"


def test_large_transformed_bytes_go_to_the_blob_store(way: Way, lake: Lake) -> None:
    text = "e\u0301".encode() * 150_000
    way.plan = GatePlan(transforms=(TransformRule("normalise"),))
    way.observe(item("long.txt", text))
    way.derive("gate", "assets")
    (row,) = way.rows("items")
    assert row["payload"] is None
    assert row["blob_uri"] == f"blob:{row['content_hash']}"
    (asset,) = way.rows("assets")
    assert read_content(lake, asset["id"], verify=True) == "é".encode() * 150_000


def test_what_cannot_be_transformed_is_held_back(way: Way) -> None:
    way.plan = GatePlan(transforms=(TransformRule("decode"),))
    way.observe(item("a.txt", b"not base64!", content_encoding="base64"))
    way.derive("gate")
    (row,) = way.rows("quarantine")
    assert (row["rule"], row["severity"]) == ("transform", "error")
    assert "base64" in row["reason"]


def test_dropped_items_are_counted_too(way: Way) -> None:
    way.plan = GatePlan(transforms=(TransformRule("drop", {"source_id": "*.tmp"}),))
    way.observe(item("a.tmp", b"scratch"), item("a.txt", b"kept"))
    way.derive("gate")
    assert [row["source_id"] for row in way.rows("items")] == ["a.txt"]
    assert [(row["rule"], row["severity"]) for row in way.rows("quarantine")] == [("drop", "info")]
    assert way.broken_checks("accounting") == []


def test_large_content_is_judged_by_its_beginning(way: Way, lake: Lake) -> None:
    text = b"a line of text\n" * 200_000
    blob = lake.blobs.put(text)
    big = item("big.txt", b"")
    way.observe(big._replace(content=None, blob=blob, size=len(text)))
    way.derive("gate", "assets")
    (row,) = way.rows("items")
    assert (row["detected_type"], row["size"]) == ("text/plain", len(text))
    (asset,) = way.rows("assets")
    assert read_content(lake, asset["id"], verify=True) == text
