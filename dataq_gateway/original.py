"""The original bytes behind any id that DataQ prints."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO

from dataq_gateway.errors import CommandFailed, NotFound

if TYPE_CHECKING:
    from dataq_lake.lake import Lake

PIECE = 1 << 20


@dataclass(frozen=True)
class Original:
    """Bytes not read yet, and the SHA-256 that they were archived under."""

    file: BinaryIO
    content_hash: str


def original(lake: Lake, row_id: str) -> Original:
    """The original of an asset, segment, item or quarantine row; raises NotFound."""
    if asset := one(lake, "assets", row_id, ("id", "source", "storage_path", "file_hash")):
        from dataq_lake.content import open_content

        return Original(open_content(lake, asset), asset["file_hash"])
    if segment := one(lake, "segments", row_id, ("asset_id",)):
        return original(lake, segment["asset_id"])
    if rejected := one(lake, "quarantine", row_id, ("asset_id", "item_id")):
        return original(lake, rejected["asset_id"] or rejected["item_id"])
    return of_item(lake, row_id)


def of_item(lake: Lake, item_id: str) -> Original:
    """The original of a raw row, in whatever source; raises NotFound."""
    from io import BytesIO

    columns = ("payload", "blob_uri", "content_hash", "problem")
    for source in lake.raw_sources():
        row = one(lake, f"raw_{source}", item_id, columns)
        if row and row["blob_uri"]:
            return Original(lake.blobs.open(row["blob_uri"]), row["content_hash"])
        if row and row["payload"] is not None:
            return Original(BytesIO(row["payload"]), row["content_hash"])
        if row:
            why = row["problem"] or "it is a deletion"
            raise NotFound(f"{item_id} has no bytes: {why}")
    raise NotFound(
        f"no asset, segment, item or quarantine row has the id {item_id[:64]}",
        do="take an id from dataq search, dataq sql or dataq quarantine list",
    )


def one(lake: Lake, table: str, row_id: str, columns: tuple[str, ...]) -> dict[str, Any] | None:
    """Some columns of the row whose key is `row_id`, or None."""
    for batch in lake.table(table).rows([row_id], columns):
        for row in batch.to_pylist():
            return dict(row)
    return None


def verified(found: Original, row_id: str) -> Iterator[bytes]:
    """The bytes piece by piece, after all of them were compared with their hash."""
    digest = hashlib.sha256()
    while piece := found.file.read(PIECE):
        digest.update(piece)
    if digest.hexdigest() != found.content_hash:
        raise CommandFailed(
            f"the bytes of {row_id} are not those archived",
            where=f"sha256 {digest.hexdigest()}, archived as {found.content_hash}",
            do="restore the lake from a backup, or archive the source again",
        )
    found.file.seek(0)
    while piece := found.file.read(PIECE):
        yield piece
