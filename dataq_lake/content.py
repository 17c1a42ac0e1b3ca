"""Finds the exact bytes that an asset row stands for, wherever the lake keeps them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from io import BytesIO
from typing import TYPE_CHECKING, Any, BinaryIO

from dataq_lake.errors import ContentDamaged, ContentLost, FixTheCall
from dataq_lake.lake import Lake
from dataq_lake.table import TableHandle

if TYPE_CHECKING:
    import polars as pl

COLUMNS = ("id", "source", "storage_path", "file_hash")


def read_content(lake: Lake, asset: str | Mapping[str, Any], verify: bool = False) -> bytes:
    """The bytes of an asset, given its id or its row; `verify` checks them against file_hash.

    The row needs id, source, storage_path and file_hash. Raises ContentLost, ContentDamaged.
    """
    row = _asset(lake, asset) if isinstance(asset, str) else asset
    with open_content(lake, row) as file:
        data = file.read()
    return _verified(row["id"], data, row["file_hash"]) if verify else data


def open_content(lake: Lake, asset: str | Mapping[str, Any]) -> BinaryIO:
    """The bytes of an asset as a file to read piece by piece, unverified; raises ContentLost."""
    row = _asset(lake, asset) if isinstance(asset, str) else asset
    kind, _, key = str(row["storage_path"]).partition(":")
    if kind == "blob":
        return lake.blobs.open(row["storage_path"])
    handle, key = (lake.table("assets"), row["id"]) if kind == "row" else _holder(lake, row, kind, key)
    columns = ["payload"] if kind == "row" else ["payload", "blob_uri"]
    for batch in handle.rows([key], columns):
        for found in batch.to_pylist():
            if found["payload"] is not None:
                return BytesIO(found["payload"])
            if found.get("blob_uri"):
                return lake.blobs.open(found["blob_uri"])
    raise ContentLost(f"asset {row['id']}: no bytes at {row['storage_path']}")


def read_contents(
    lake: Lake, assets: pl.DataFrame, verify: bool = False
) -> Iterator[tuple[str, bytes]]:
    """Pairs of asset id and bytes, in the order in which they are stored, a bounded batch at a time.

    `assets` has the columns COLUMNS. An asset whose bytes are lost raises ContentLost.
    """
    import polars as pl

    hashes = dict(assets.select("id", "file_hash").iter_rows())
    left = set(hashes)
    places = assets.with_columns(pl.col("storage_path").str.split(":").list.get(0).alias("kind"))
    for (kind, source), group in places.group_by("kind", "source", maintain_order=True):
        for id_, data in _group(lake, str(kind), source, group):
            left.discard(id_)
            yield id_, _verified(id_, data, hashes[id_]) if verify else data
    if left:
        raise ContentLost(f"no bytes for {len(left)} assets, {min(left)} among them")


def _group(
    lake: Lake, kind: str, source: Any, group: pl.DataFrame
) -> Iterator[tuple[str, bytes]]:
    """The contents of assets that are stored in the same kind of place."""
    if kind == "blob":
        for id_, uri in group.select("id", "storage_path").iter_rows():
            yield id_, lake.blobs.read(uri)
        return
    if kind == "row":
        for id_, data, _ in _payloads(lake.table("assets"), "id", group["id"].to_list()):
            yield id_, data
        return
    owners: dict[str, list[str]] = {}
    for id_, path in group.select("id", "storage_path").iter_rows():
        owners.setdefault(path.partition(":")[2], []).append(id_)
    handle, _ = _holder(lake, {"source": source}, kind, "")
    for key, data, uri in _payloads(handle, "item_id", list(owners)):
        content = data if data is not None else lake.blobs.read(uri)
        for id_ in owners[key]:
            yield id_, content


def _payloads(
    handle: TableHandle, key: str, ids: list[str]
) -> Iterator[tuple[str, Any, Any]]:
    """Key, payload and blob_uri of rows, a bounded batch in memory at a time."""
    stored = handle.table.schema.names
    columns = [key, "payload", *(["blob_uri"] if "blob_uri" in stored else [])]
    for batch in handle.rows(ids, columns):
        uris = batch.column(2) if len(columns) == 3 else [None] * batch.num_rows
        for id_, data, uri in zip(batch.column(0), batch.column(1), uris, strict=True):
            yield id_.as_py(), data.as_py(), None if uri is None else uri.as_py()


def _holder(lake: Lake, row: Mapping[str, Any], kind: str, key: str) -> tuple[TableHandle, str]:
    if kind == "raw":
        return lake.raw(row["source"]), key
    if kind == "item":
        return lake.table("items"), key
    raise FixTheCall(f"storage_path {kind}:{key} is neither raw:, item:, row nor blob:")


def _asset(lake: Lake, id_: str) -> dict[str, Any]:
    for batch in lake.table("assets").rows([id_], COLUMNS):
        for row in batch.to_pylist():
            return dict(row)
    raise FixTheCall(f"no asset {id_}")


def _verified(id_: str, data: bytes, expected: str | None) -> bytes:
    found = hashlib.sha256(data).hexdigest()
    if expected and found != expected:
        raise ContentDamaged(f"asset {id_}: its bytes hash to {found}, not {expected}")
    return data
