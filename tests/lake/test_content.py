"""The exact bytes of an asset are found wherever they are kept, and their hash is checked."""

from __future__ import annotations

import hashlib
from typing import Any

import polars as pl
import pyarrow as pa
import pytest

from dataq_lake.content import COLUMNS, content_of, read_content, read_contents
from dataq_lake.errors import ContentDamaged, ContentLost, FixTheCall, UnknownId
from dataq_lake.lake import Lake

CONTENTS = {
    "in-raw": b"payload of raw",
    "in-raw-blob": b"a large thing" * 1000,
    "in-item": b"normalised",
    "in-row": b"member of a zip",
    "in-blob": b"a large member" * 1000,
    "empty": b"",
    "twin": b"payload of raw",
}


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def write(lake: Lake, table: str, *rows: dict[str, Any]) -> None:
    handle = lake.table(table)
    handle.append([pa.RecordBatch.from_pylist(list(rows), schema=handle.table.schema)])


def asset(name: str, storage_path: str, **columns: Any) -> dict[str, Any]:
    return {
        "id": name,
        "source": "mail",
        "storage_path": storage_path,
        "file_hash": sha(CONTENTS[name]),
        **columns,
    }


@pytest.fixture
def full(lake: Lake) -> Lake:
    """One asset in each kind of place."""
    raw_blob = lake.blobs.put(CONTENTS["in-raw-blob"]).uri
    blob = lake.blobs.put(CONTENTS["in-blob"]).uri
    write(
        lake,
        "raw_mail",
        {"item_id": "i1", "payload": CONTENTS["in-raw"], "content_hash": sha(CONTENTS["in-raw"])},
        {"item_id": "i2", "blob_uri": raw_blob, "content_hash": sha(CONTENTS["in-raw-blob"])},
        {"item_id": "i3", "payload": b"", "content_hash": sha(b"")},
        {"item_id": "i4", "op": "delete"},
    )
    write(lake, "items", {"item_id": "i5", "payload": CONTENTS["in-item"]})
    write(
        lake,
        "assets",
        asset("in-raw", "raw:i1"),
        asset("in-raw-blob", "raw:i2"),
        asset("in-item", "item:i5"),
        asset("in-row", "row", payload=CONTENTS["in-row"]),
        asset("in-blob", blob),
        asset("empty", "raw:i3"),
        asset("twin", "raw:i1"),
    )
    write(lake, "segments", {"id": "s1", "asset_id": "in-item"})
    return lake


def assets(lake: Lake) -> pl.DataFrame:
    return lake.table("assets").scan(COLUMNS).collect()


def test_each_place(full: Lake) -> None:
    for name, content in CONTENTS.items():
        assert read_content(full, name, verify=True) == content, name
        assert b"".join(content_of(full, name)) == content, name


def test_many_at_once(full: Lake) -> None:
    assert dict(read_contents(full, assets(full), verify=True)) == CONTENTS
    assert dict(read_contents(full, assets(full).clear())) == {}


def test_ids_of_items_and_segments(full: Lake) -> None:
    assert b"".join(content_of(full, "i2")) == CONTENTS["in-raw-blob"]
    assert b"".join(content_of(full, "s1")) == CONTENTS["in-item"]
    assert b"".join(content_of(full, "i4")) == b"", "a tombstone has no bytes"
    with pytest.raises(UnknownId, match="no asset, segment or item has the id nobody"):
        next(content_of(full, "nobody"))


def test_damage_is_found_before_a_byte_is_given(full: Lake) -> None:
    path = full.blobs.path(f"blob:{sha(CONTENTS['in-blob'])}")
    path.write_bytes(CONTENTS["in-blob"][:-1] + b"!")
    with pytest.raises(ContentDamaged, match="in-blob: its bytes hash to"):
        next(content_of(full, "in-blob"))
    with pytest.raises(ContentDamaged):
        list(read_contents(full, assets(full)))
    write(full, "assets", asset("in-row", "raw:i1") | {"id": "wrong"})
    with pytest.raises(ContentDamaged, match="asset wrong: its bytes hash to"):
        read_content(full, "wrong", verify=True)
    assert read_content(full, "wrong") == CONTENTS["in-raw"], "unless nobody asked"


def test_lost_bytes_are_named(full: Lake) -> None:
    lost = pl.DataFrame([asset("in-raw", "raw:gone") | {"id": "lost"}])
    with pytest.raises(ContentLost, match="no bytes for 1 assets, lost among them"):
        list(read_contents(full, lost))
    with pytest.raises(ContentLost, match="asset lost: no bytes at raw:gone"):
        read_content(full, lost.to_dicts()[0])
    with pytest.raises(FixTheCall, match="neither raw:, item:, row nor blob:"):
        read_content(full, asset("in-raw", "s3:elsewhere"))
