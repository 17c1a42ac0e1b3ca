"""Turns a plugin's messages into items, and refuses those that break the protocol."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from itertools import repeat
from typing import TYPE_CHECKING, TypeVar

from dataq_plugins.host.bulk import Bulk
from dataq_plugins.host.item import BLOB_THRESHOLD, Batch, Blob, BlobSink, BlobWriter, Item, Op
from dataq_plugins.protocol.gen.dataq.v1 import dataq_pb2 as pb

if TYPE_CHECKING:
    from dataq_plugins.host.spec import Limits

T = TypeVar("T")
OPS: dict[int, Op] = {0: "upsert", 1: "delete"}
EARLIEST, LATEST = -62_135_596_800, 253_402_300_799  # years 1 and 9999, what a calendar can hold
SOURCE_ID_LIMIT = 8192

NEW_ITEM = partial(tuple.__new__, Item)


class BadItem(Exception):
    """An item or chunk that the protocol does not allow; the text says why."""


class TooBig(Exception):
    """More content than an item may have."""


@dataclass
class _Unfinished:
    """An item whose content is still arriving in chunks."""

    item: Item
    writer: BlobWriter | None
    content: bytearray
    size: int = 0


class Receiver:
    """Receives the items of one extraction; `last_item` is the id of the last one, for errors."""

    def __init__(self, plugin_id: str, limits: Limits, blobs: BlobSink | None) -> None:
        self.last_item: str | None = None
        self._plugin_id = plugin_id
        self._limits = limits
        self._blobs = blobs
        self._inline = BLOB_THRESHOLD if blobs else limits.item_bytes
        self._unfinished: _Unfinished | None = None

    def batch(self, response: pb.PluginResponse, bulk: Bulk | None = None) -> Batch:
        """Return the items of one response, content over the threshold already in the blob sink.

        Raises BadItem or TooBig; the items before the bad one are lost with it.
        """
        if response.plugin_id:
            self._introduce(response.plugin_id, "the response")
        items: list[Item] = []
        if bulk and isinstance(bulk.owner, pb.Chunk):
            items += self._chunk(bulk.owner, bulk.content)
        elif bulk and isinstance(bulk.owner, pb.DataItem):
            self._expect_no_chunk()
            items.append(self._item(bulk.owner, bulk.content))
        if response.HasField("chunk"):
            items += self._chunk(response.chunk, response.chunk.data)
        if response.HasField("columns"):
            self._expect_no_chunk()
            items += self._columns(response.columns)
        for message in response.items:
            self._expect_no_chunk()
            items.append(self._item(message, message.raw_data))
        return Batch(items, response.state or None)

    def _columns(self, columns: pb.ItemColumns) -> list[Item]:
        """Take many items at once, with hardly a step of Python for each."""
        ids, contents = list(columns.source_id), list(columns.raw_data)
        count = len(ids)
        _expect_source_ids(ids)
        _expect_length("raw_data", contents, count)
        self.last_item = ids[-1]
        types = list(columns.content_type)
        sizes = list(map(len, contents))
        rows = zip(
            ids,
            _times(columns, count),
            _for_all("content_type", types, count),
            contents,
            repeat(None),
            sizes,
            _metadata(columns, count),
            repeat("upsert"),
            repeat(None),
            repeat(self._plugin_id),
        )
        items = list(map(NEW_ITEM, rows))
        if max(sizes) > self._inline:
            items = [self._placed(item) for item in items]
        return items

    def _placed(self, item: Item) -> Item:
        """Return an item with its content where its size belongs."""
        if item.size > self._limits.item_bytes:
            limit = self._limits.item_bytes
            raise TooBig(f"item {item.source_id!r} has over {limit:,} bytes")
        if item.size <= self._inline or not self._blobs or item.content is None:
            return item
        return item._replace(content=None, blob=_store(self._blobs, item.content))

    def _item(self, message: pb.DataItem, content: bytes | memoryview) -> Item:
        """Take one item with every check; `content` may be a view that is not kept."""
        source_id = message.source_id
        _expect_source_ids([source_id])
        if message.plugin_id:
            self._introduce(message.plugin_id, f"item {source_id!r}")
        if message.op not in OPS:
            raise BadItem(f"item {source_id!r} has the unknown op {message.op}")
        self.last_item = source_id
        op, problem = OPS[message.op], message.problem or None
        kept: bytes | None = None
        blob: Blob | None = None
        size = 0 if problem or op == "delete" else len(content)
        if size > self._limits.item_bytes:
            raise TooBig(f"item {source_id!r} has over {self._limits.item_bytes:,} bytes")
        if size > self._inline and self._blobs:
            blob = _store(self._blobs, content)
        elif not problem and op == "upsert":
            kept = bytes(content)
        return Item(
            source_id,
            _time(message),
            message.content_type,
            kept,
            blob,
            size,
            dict(message.metadata),
            op,
            problem,
            message.plugin_id or self._plugin_id,
        )

    def _introduce(self, plugin_id: str, who: str) -> None:
        """A plain plugin says its id with its first item; from then on all must be of it."""
        self._plugin_id = self._plugin_id or plugin_id
        if plugin_id != self._plugin_id:
            raise BadItem(f"{who} says it is of plugin {plugin_id!r}, not {self._plugin_id!r}")

    def _chunk(self, chunk: pb.Chunk, data: bytes | memoryview) -> list[Item]:
        """Take the next piece; return the item with its last one."""
        if chunk.offset == 0 and chunk.HasField("item"):
            self._begin(chunk)
        now = self._unfinished
        if now is None or chunk.source_id != now.item.source_id or chunk.offset != now.size:
            expected = f"{now.item.source_id!r} at {now.size}" if now else "the first of an item"
            raise BadItem(f"chunk of {chunk.source_id!r} at {chunk.offset} came; not {expected}")
        if chunk.abandon:
            self.abort()
            return []
        now.size += len(data)
        if now.size > self._limits.item_bytes:
            limit = self._limits.item_bytes
            raise TooBig(f"item {now.item.source_id!r} has over {limit:,} bytes")
        if now.writer:
            now.writer.write(data)
        else:
            now.content += data
        return [self._finish(now)] if chunk.last else []

    def _begin(self, chunk: pb.Chunk) -> None:
        self._expect_no_chunk()
        item = self._item(chunk.item, chunk.item.raw_data)
        if item.size or item.op != "upsert" or item.problem:
            raise BadItem(f"item {item.source_id!r} cannot travel in chunks")
        writer = self._blobs.writer() if self._blobs else None
        self._unfinished = _Unfinished(item, writer, bytearray())

    def _finish(self, now: _Unfinished) -> Item:
        self._unfinished = None
        if now.writer:
            return now.item._replace(blob=now.writer.commit(), content=None, size=now.size)
        return now.item._replace(content=bytes(now.content), size=now.size)

    def _expect_no_chunk(self) -> None:
        if self._unfinished:
            raise BadItem(f"item {self._unfinished.item.source_id!r} has no last chunk")

    def finish(self) -> None:
        """Say that no more comes; raises BadItem where the chunks of an item have no end."""
        self._expect_no_chunk()

    def abort(self) -> None:
        """Forget the item whose chunks are arriving, and what was written of it."""
        if self._unfinished and self._unfinished.writer:
            self._unfinished.writer.abort()
        self._unfinished = None


def _expect_source_ids(ids: list[str]) -> None:
    if not ids:
        raise BadItem("columns without items came")
    if not all(ids) or max(map(len, ids)) > SOURCE_ID_LIMIT:
        bad = next(i for i in ids if not 0 < len(i) <= SOURCE_ID_LIMIT)
        raise BadItem(f"source_id has {len(bad)} characters; 1 to {SOURCE_ID_LIMIT} are allowed")


def _expect_length(name: str, column: list[T], count: int) -> list[T]:
    if len(column) != count:
        raise BadItem(f"column {name} has {len(column)} values for {count} items")
    return column


def _times(columns: pb.ItemColumns, count: int) -> Iterable[int | None]:
    seconds, nanos = list(columns.timestamp), list(columns.timestamp_nanos)
    if not seconds:
        return repeat(None, count)
    _expect_length("timestamp", seconds, count)
    if min(seconds) < EARLIEST or max(seconds) > LATEST:
        seconds = [min(max(s, EARLIEST), LATEST) for s in seconds]
    if not nanos:
        return [s * 1_000_000 for s in seconds]
    _expect_length("timestamp_nanos", nanos, count)
    return [s * 1_000_000 + n // 1000 for s, n in zip(seconds, nanos, strict=True)]


def _metadata(columns: pb.ItemColumns, count: int) -> Iterable[dict[str, str]]:
    fields = {column.name: list(column.value) for column in columns.metadata}
    if len(fields) < len(columns.metadata):
        raise BadItem("two columns of metadata of one name came")
    if all(len(values) == 1 for values in fields.values()):
        row = {name: value for name, (value,) in fields.items()}
        return [row.copy() for _ in range(count)]
    pairs = [
        zip(repeat(name, count), _for_all(f"metadata {name!r}", values, count), strict=True)
        for name, values in fields.items()
    ]
    return map(dict, zip(*pairs, strict=True))


def _for_all(name: str, values: list[str], count: int) -> list[str]:
    """One value an item of a column that may have one for all of them."""
    return values * count if len(values) == 1 else _expect_length(name, values, count)


def _time(message: pb.DataItem) -> int | None:
    """Return microseconds; a time that no calendar has becomes the nearest that one has."""
    seconds = message.timestamp
    if not seconds and not message.HasField("timestamp"):
        return None
    return min(max(seconds, EARLIEST), LATEST) * 1_000_000 + message.timestamp_nanos // 1000


def _store(blobs: BlobSink, content: bytes | memoryview) -> Blob:
    writer = blobs.writer()
    try:
        writer.write(content)
        return writer.commit()
    except BaseException:
        writer.abort()
        raise
