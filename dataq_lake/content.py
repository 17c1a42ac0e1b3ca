"""Finds the exact bytes that an asset or an item stands for, wherever the lake keeps them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from io import BufferedIOBase, BytesIO
from typing import TYPE_CHECKING, Any

from dataq_lake.blobs import CHUNK
from dataq_lake.errors import ContentDamaged, ContentLost, FixTheCall, UnknownId
from dataq_lake.interface import LakeTable
from dataq_lake.lake import Lake

if TYPE_CHECKING:
    import polars as pl

COLUMNS = ("id", "source", "storage_path", "file_hash")


def content_of(lake: Lake, id_: str) -> Iterator[bytes]:
    """The bytes behind the id of an asset, a segment or an item, in pieces.

    The first piece comes only after all of them were compared with the hash they were archived
    under. Raises UnknownId, ContentLost, ContentDamaged.
    """
    file, expected = _behind(lake, id_)
    with file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        if expected and digest != expected:
            raise ContentDamaged(f"{id_}: its bytes hash to {digest}, not {expected}")
        file.seek(0)
        while piece := file.read(CHUNK):
            yield piece


def read_content(lake: Lake, asset: str | Mapping[str, Any], verify: bool = False) -> bytes:
    """The bytes of an asset, given its id or its row; `verify` compares them with file_hash.

    The row needs the columns COLUMNS. Raises UnknownId, ContentLost, ContentDamaged.
    """
    row = _asset(lake, asset) if isinstance(asset, str) else asset
    with open_content(lake, row) as file:
        data = file.read()
    return _verified(row["id"], data, row["file_hash"]) if verify else data


def open_content(lake: Lake, asset: str | Mapping[str, Any]) -> BufferedIOBase:
    """The bytes of an asset as a file to read piece by piece, unverified; raises ContentLost."""
    row = _asset(lake, asset) if isinstance(asset, str) else asset
    path = str(row["storage_path"])
    kind, _, key = path.partition(":")
    if kind == "blob":
        return lake.blobs.open(path)
    handle, key_column = _holder(lake, kind, row["source"])
    found = _stored(lake, handle, key_column, row["id"] if kind == "row" else key)
    if found is None:
        raise ContentLost(f"asset {row['id']}: no bytes at {path}")
    return found


def read_contents(
    lake: Lake, assets: pl.DataFrame, verify: bool = False
) -> Iterator[tuple[str, bytes]]:
    """Pairs of asset id and bytes, in the order in which they are stored.

    `assets` has the columns COLUMNS. A bounded batch is in memory at a time, or one blob. Raises
    ContentLost after the others if some have no bytes, ContentDamaged where `verify` finds it.
    """
    import polars as pl

    hashes = dict(assets.select("id", "file_hash").iter_rows())
    left = set(hashes)
    kinds = pl.col("storage_path").str.split(":").list.get(0)
    for (kind, source), group in assets.group_by(kinds, "source", maintain_order=True):
        for id_, data in _contents(lake, str(kind), str(source), group):
            left.discard(id_)
            yield id_, _verified(id_, data, hashes[id_]) if verify else data
    if left:
        raise ContentLost(f"no bytes for {len(left)} assets, {min(left)} among them")


def _contents(
    lake: Lake, kind: str, source: str, assets: pl.DataFrame
) -> Iterator[tuple[str, bytes]]:
    """The contents of assets that are stored in the same kind of place."""
    if kind == "blob":
        for id_, uri in assets.select("id", "storage_path").iter_rows():
            yield id_, lake.blobs.read(uri)
        return
    owners: dict[str, list[str]] = {}
    for id_, path in assets.select("id", "storage_path").iter_rows():
        owners.setdefault(id_ if kind == "row" else path.partition(":")[2], []).append(id_)
    handle, column = _holder(lake, kind, source)
    for key, data, uri in _payloads(handle, column, owners):
        content = lake.blobs.read(uri) if data is None and uri else data
        if content is not None:
            yield from ((id_, content) for id_ in owners[key])


def _payloads(
    handle: LakeTable, key: str, ids: Iterable[str]
) -> Iterator[tuple[str, bytes | None, str | None]]:
    """Key, payload and blob_uri of rows; assets have no blob_uri, their storage_path says it."""
    columns = [n for n in (key, "payload", "blob_uri") if n in handle.table.schema.names]
    for batch in handle.rows(ids, columns):
        for row in range(batch.num_rows):
            key_, data, *uri = (column[row].as_py() for column in batch.columns)
            yield key_, data, uri[0] if uri else None


def _stored(lake: Lake, handle: LakeTable, column: str, key: str) -> BufferedIOBase | None:
    for _, data, uri in _payloads(handle, column, [key]):
        if data is not None:
            return BytesIO(data)
        if uri:
            return lake.blobs.open(uri)
    return None


def _holder(lake: Lake, kind: str, source: str) -> tuple[LakeTable, str]:
    """The table that holds the bytes, and its key column."""
    if kind == "raw":
        return lake.raw(source), "item_id"
    if kind == "item":
        return lake.table("items"), "item_id"
    if kind == "row":
        return lake.table("assets"), "id"
    raise FixTheCall(f"storage_path {kind}: is neither raw:, item:, row nor blob:")


def _behind(lake: Lake, id_: str) -> tuple[BufferedIOBase, str | None]:
    """The bytes of an asset, of a segment's asset or of a raw row, and their archived hash."""
    for segment in _rows(lake.table("segments"), id_, ["asset_id"]):
        id_ = segment["asset_id"]
    for asset in _rows(lake.table("assets"), id_, COLUMNS):
        return open_content(lake, asset), asset["file_hash"]
    for source in lake.raw_sources():
        handle = lake.raw(source)
        for row in _rows(handle, id_, ["content_hash"]):
            found = _stored(lake, handle, "item_id", id_)
            return found or BytesIO(), row["content_hash"] if found else None
    raise UnknownId(f"no asset, segment or item has the id {id_}")


def _asset(lake: Lake, id_: str) -> dict[str, Any]:
    for row in _rows(lake.table("assets"), id_, COLUMNS):
        return row
    raise UnknownId(f"no asset has the id {id_}")


def _rows(handle: LakeTable, id_: str, columns: Iterable[str]) -> Iterator[dict[str, Any]]:
    for batch in handle.rows([id_], columns):
        yield from batch.to_pylist()


def _verified(id_: str, data: bytes, expected: str | None) -> bytes:
    found = hashlib.sha256(data).hexdigest()
    if expected and found != expected:
        raise ContentDamaged(f"asset {id_}: its bytes hash to {found}, not {expected}")
    return data
