"""From any id back to the source, and to the exact bytes."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from dataq_lake.ancestry import ancestry, content, resolve
from dataq_lake.errors import ContentDamaged, UnknownId
from dataq_lake.ids import make_id
from dataq_lake.lake import Lake, open_lake
from dataq_lake.written import CommitInfo

NOW = datetime(2026, 11, 22, 10, 0, 0, 5, tzinfo=UTC)
INNER = b"the text of the inner file"
OUTER = b"PK pretend this is an archive"
OLD = b"older bytes"
ITEM, OLD_ITEM, BAD_ITEM = make_id("item"), make_id("old"), make_id("bad")
MEMBER, FOLDED, SEGMENT, TEXT = (make_id(n) for n in ("member", "folded", "segment", "text"))


def digest(data: bytes) -> str:
    return sha256(data).hexdigest()


def write(lake: Lake, table: str, run_id: str, rows: list[dict[str, Any]]) -> None:
    handle = lake.table(table)
    batch = pa.RecordBatch.from_pylist(rows, schema=handle.table.schema)
    handle.append([batch], CommitInfo(run_id, table))


def raw(item_id: str, data: bytes | None, sequence: int, **more: Any) -> dict[str, Any]:
    return {
        "item_id": item_id,
        "source": "docs",
        "source_id": "outer.zip",
        "sequence": sequence,
        "timestamp": NOW,
        "observed_at": NOW,
        "op": "upsert",
        "content_type": "application/zip",
        "size": len(data or b""),
        "content_hash": digest(data) if data is not None else None,
        "payload": data,
        "metadata": [("mode", "644")],
        "plugin_id": "file_scanner",
        "plugin_version": "1.2",
        "run_id": "run-raw",
        **more,
    }


def asset(id_: str, path: str, data: bytes, **more: Any) -> dict[str, Any]:
    return {
        "id": id_,
        "item_id": ITEM,
        "source": "docs",
        "source_id": "outer.zip",
        "path": path,
        "depth": path.count("!/"),
        "file_hash": digest(data),
        "file_size": len(data),
        "mime_type": "application/zip",
        "storage_path": f"raw:{id_}",
        "run_id": "run-assets",
        **more,
    }


ENTITY_ROWS = [
    {
        "id": id_,
        "entity_type": "asset",
        "version": version,
        "version_of": OLD_ITEM if id_ == ITEM else id_,
        "is_latest": latest,
        "created_at": NOW,
    }
    for id_, version, latest in [
        (OLD_ITEM, 1, False),
        (ITEM, 2, True),
        (FOLDED, 1, True),
        (MEMBER, 1, True),
    ]
]
TEXT_ROW = {
    "id": TEXT,
    "content_hash": digest(INNER),
    "extractor": "plain",
    "extractor_version": "3",
    "text_hash": "t" * 64,
    "text": INNER.decode(),
    "run_id": "run-texts",
}
ANALYSIS_ROW = {
    "content_hash": digest(INNER),
    "analyzer": "plain",
    "analyzer_version": "3",
    "tools": [("semchunk", "4.1.1")],
    "outcome": "text",
    "text_id": TEXT,
    "analyzed_at": NOW,
    "run_id": "run-texts",
}
SEGMENT_ROW = {
    "id": SEGMENT,
    "asset_id": MEMBER,
    "text_id": TEXT,
    "segment_type": "paragraph",
    "start_marker": {"char": 0, "line": 1},
    "end_marker": {"char": 26, "line": 1},
    "text": INNER.decode(),
    "text_hash": "h" * 64,
    "run_id": "run-segments",
}
VECTOR_ROW = {
    "entity_id": SEGMENT,
    "model_name": "wordllama",
    "model_version": "0.4",
    "text_hash": "h" * 64,
    "vector": [1.0],
    "run_id": "run-embeddings",
}
REJECTED_ROW = {
    "id": make_id("rejected"),
    "item_id": BAD_ITEM,
    "stage": "gate",
    "rule": "problem",
    "reason": "not a file",
    "state": "open",
}


@pytest.fixture(scope="module")
def archived(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """An archive in two versions, the newer with a folder in it and a text in that."""
    lake = open_lake(tmp_path_factory.mktemp("lake"))
    refused = raw(BAD_ITEM, None, 3, source_id="socket", problem="not a file")
    write(lake, "raw_docs", "run-raw", [raw(OLD_ITEM, OLD, 1), raw(ITEM, OUTER, 2), refused])
    write(lake, "items", "run-items", [{"item_id": ITEM, "source": "docs", "run_id": "run-items"}])
    inside = {"storage_path": "row", "mime_type": "text/plain"}
    assets = [
        asset(OLD_ITEM, "outer.zip", OLD, item_id=OLD_ITEM),
        asset(ITEM, "outer.zip", OUTER),
        asset(FOLDED, "outer.zip!/b.tar", b"tar", parent_id=ITEM, payload=b"tar", **inside),
        asset(MEMBER, "outer.zip!/b.tar!/c.txt", INNER, parent_id=FOLDED, payload=INNER, **inside),
    ]
    write(lake, "assets", "run-other", assets[:1])
    write(lake, "assets", "run-assets", assets[1:])
    write(lake, "entities", "run-assets", ENTITY_ROWS)
    write(lake, "texts", "run-texts", [TEXT_ROW])
    write(lake, "analyses", "run-texts", [ANALYSIS_ROW])
    write(lake, "segments", "run-segments", [SEGMENT_ROW])
    write(lake, "embeddings", "run-embeddings", [VECTOR_ROW])
    write(lake, "quarantine", "run-items", [REJECTED_ROW])
    return lake


def test_a_segment_leads_to_its_source(archived: Lake) -> None:
    found = ancestry(archived, SEGMENT)
    assert (found["id"], found["kind"]) == (SEGMENT, "segment")
    assert found["segment"]["start_marker"] == {"char": 0, "line": 1}
    assert found["analyzer"]["name"] == "plain"
    assert found["analyzer"]["version"] == "3"
    assert found["analyzer"]["tools"] == {"semchunk": "4.1.1"}
    assert found["embeddings"][0]["model_version"] == "0.4"
    assert found["asset"]["path"] == "outer.zip!/b.tar!/c.txt"
    assert [c["path"] for c in found["asset"]["containers"]] == ["outer.zip!/b.tar", "outer.zip"]
    assert found["raw"]["content_hash"] == digest(OUTER)
    assert found["raw"]["run_id"] == "run-raw"
    assert found["raw"]["observed_at"] == "2026-11-22T10:00:00.000005+00:00"
    assert found["raw"]["metadata"] == {"mode": "644"}
    assert found["source"] == {
        "name": "docs",
        "plugin_id": "file_scanner",
        "plugin_version": "1.2",
    }
    assert json.loads(json.dumps(found)) == found


def test_runs_say_what_they_committed(archived: Lake) -> None:
    runs = {run["run_id"]: run["commits"] for run in ancestry(archived, SEGMENT)["runs"]}
    assert list(runs) == [
        *("run-raw", "run-items", "run-assets", "run-texts", "run-segments", "run-embeddings")
    ]
    for run, table in (("run-assets", "assets"), ("run-raw", "raw_docs")):
        newest = archived.table(table).version()
        assert [(each["table"], each["version"]) for each in runs[run]] == [(table, newest)]


def test_an_asset_tells_its_versions(archived: Lake) -> None:
    new, old = ancestry(archived, ITEM), ancestry(archived, OLD_ITEM)
    assert new["kind"] == "asset"
    assert (new["asset"]["version"], new["asset"]["is_latest"]) == (2, True)
    assert (old["asset"]["version"], old["asset"]["is_latest"]) == (1, False)
    chain = [(each["id"], each["version"]) for each in new["asset"]["versions"]]
    assert chain == [(OLD_ITEM, 1), (ITEM, 2)]
    assert old["asset"]["versions"] == new["asset"]["versions"]
    assert "segment" not in new


def test_a_refused_item_tells_why(archived: Lake) -> None:
    found = ancestry(archived, BAD_ITEM)
    assert found["kind"] == "item"
    assert found["raw"]["problem"] == "not a file"
    assert [(each["rule"], each["reason"]) for each in found["quarantine"]] == [
        ("problem", "not a file")
    ]
    assert "asset" not in found
    assert ancestry(archived, make_id("rejected")[:12]) == found


def test_the_beginning_of_an_id_is_enough(archived: Lake) -> None:
    for kind, id_ in (("segment", SEGMENT), ("asset", MEMBER), ("asset", ITEM), ("item", BAD_ITEM)):
        assert resolve(archived, id_) == (kind, id_)
        assert resolve(archived, id_[:8]) == (kind, id_)


def test_an_id_that_says_too_little_is_refused(tmp_path: Path) -> None:
    lake = open_lake(tmp_path)
    twins = [f"{'a' * 20}{n:012d}" for n in range(5)]
    write(lake, "raw_docs", "run", [raw(id_, b"x", n) for n, id_ in enumerate(twins)])
    with pytest.raises(UnknownId, match=f"several ids begin with a+: {twins[0]}"):
        resolve(lake, "a" * 20)
    assert resolve(lake, twins[3]) == ("item", twins[3])
    with pytest.raises(UnknownId, match="no segment, asset or item has the id bbbbbbbb"):
        ancestry(lake, "bbbbbbbb")
    for wrong in ("", "aaaaaaa", "' or 1=1 --", "A" * 32, "a" * 33, "ü" * 8):
        with pytest.raises(UnknownId, match="is not an id"):
            ancestry(lake, wrong)


def test_an_empty_lake_knows_no_id(tmp_path: Path) -> None:
    with pytest.raises(UnknownId):
        ancestry(open_lake(tmp_path / "none"), "a" * 32)


def test_content_is_the_exact_bytes(archived: Lake) -> None:
    expected = {SEGMENT: INNER, MEMBER: INNER, FOLDED: b"tar", ITEM: OUTER, OLD_ITEM: OLD}
    for id_, data in expected.items():
        assert b"".join(content(archived, id_)) == data
        assert b"".join(content(archived, id_[:10])) == data


def test_damaged_bytes_are_never_handed_out(tmp_path: Path) -> None:
    lake = open_lake(tmp_path)
    write(lake, "raw_docs", "run", [raw(ITEM, OUTER, 1)])
    wrong = asset(MEMBER, "outer.zip!/c", INNER, payload=b"other bytes", storage_path="row")
    write(lake, "assets", "run", [wrong])
    with pytest.raises(ContentDamaged, match=MEMBER):
        next(content(lake, MEMBER))
