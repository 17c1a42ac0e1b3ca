"""Rows that contradict each other are found, one check at a time, on a lake made by hand."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import pytest

from dataq_assets.stages.deep_check import Finding, look
from dataq_lake.lake import Lake, open_lake
from tests.lake.conftest import Rows, rows

__all__ = ["rows"]
A, B = "a" * 32, "b" * 32


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return open_lake(tmp_path / "lake")


def found(lake: Lake) -> list[tuple[str, str, str]]:
    return [(each.check, each.place, each.remedy) for each in findings(lake)]


def findings(lake: Lake) -> list[Finding]:
    return list(look(open_lake(lake.root)))


def test_a_key_twice(lake: Lake, rows: Rows) -> None:
    """Append does not ask: only a mistake in a caller can do this."""
    for table in ("raw_s", "items"):
        handle = lake.table(table)
        handle.append([rows(table, [A, B])])
        handle.append([rows(table, [B])])
    assert found(lake) == [("ids_unique", "items", "derive"), ("ids_unique", "raw_s", "none")]
    assert f"1 keys are there more than once, {B} among them" in findings(lake)[0].reason


def test_a_reference_to_nothing(lake: Lake, rows: Rows) -> None:
    lake.raw("s").append([rows("raw_s", [A])])
    lake.table("items").append([rows("items", [A, B])])
    lake.table("segments").append([rows("segments", [A], asset_id=B)])
    assert found(lake) == [
        ("references_resolve", "items", "derive"),
        ("references_resolve", "segments", "derive"),
    ]
    assert f"1 values of item_id are not in raw, {B} among them" in findings(lake)[0].reason


@pytest.mark.parametrize("payload", [b"other bytes", b""])
def test_a_payload_that_is_not_what_was_hashed(lake: Lake, rows: Rows, payload: bytes) -> None:
    right = {"payload": b"bytes", "content_hash": sha256(b"bytes").hexdigest()}
    lake.raw("s").append([rows("raw_s", [A], **right)])
    assert found(lake) == []
    lake.raw("s").append([rows("raw_s", [B], **{**right, "payload": payload})])
    assert found(lake) == [("contents_match", "raw_s", "none")]
    assert B in findings(lake)[0].reason


def test_a_blob_that_was_never_stored(lake: Lake, rows: Rows) -> None:
    stored = lake.blobs.put(b"stored").uri
    lost = f"blob:{sha256(b'lost').hexdigest()}"
    for id_, uri in ((A, stored), (B, lost)):
        lake.raw("s").append([rows("raw_s", [id_], blob_uri=uri)])
    assert found(lake) == [("blobs_present", lost, "fetch")]


def test_a_folder_that_is_no_table(lake: Lake, rows: Rows) -> None:
    lake.raw("s").append([rows("raw_s", [A])])
    (lake.root / "tables" / "notes").mkdir()
    assert found(lake) == [("tables_readable", "notes", "none")]


def test_a_damaged_table_is_named_once(lake: Lake, rows: Rows) -> None:
    """What refers to its rows is not judged by the rows that are left."""
    for table in ("raw_s", "items"):
        lake.table(table).append([rows(table, [A])])
        lake.table(table).append([rows(table, [B])])
    lake.raw("s").files()[0].unlink()
    assert [check for check, _, _ in found(lake)] == ["tables_readable"]


def test_progress_comes_to_its_end(lake: Lake, rows: Rows) -> None:
    lake.blobs.put(b"stored")
    lake.raw("s").append([rows("raw_s", [A], payload=b"x")])
    told: dict[str, tuple[int, int]] = {}
    assert list(look(lake, lambda stage, done, total: told.update({stage: (done, total)}))) == [
        *findings(lake)
    ]
    assert {"tables_readable", "blobs_whole", "ids_unique"} <= told.keys()
    assert all(done == total for done, total in told.values() if total), told
