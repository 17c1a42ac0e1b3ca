"""Turns a plugin's messages into items, and refuses those that break the protocol."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dataq_plugins.host.item import BLOB_THRESHOLD, Batch, Blob, BlobSink, BlobWriter, Item, Op

if TYPE_CHECKING:
    from dataq_plugins.host.spec import Limits
    from dataq_plugins.protocol.gen.dataq.v1 import dataq_pb2 as pb

OPS: dict[int, Op] = {0: "upsert", 1: "delete"}
EARLIEST, LATEST = -62_135_596_800, 253_402_300_799  # years 1 and 9999, what a calendar can hold
SOURCE_ID_LIMIT = 8192


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

    def batch(self, response: pb.PluginResponse) -> Batch:
        """Return the items of one response, content over the threshold already in the blob sink.

        Raises BadItem or TooBig; the items before the bad one are lost with it.
        """
        if response.plugin_id and not self._plugin_id:
            self._plugin_id = response.plugin_id  # a plain plugin introduces itself
        items = [self._item(message) for message in response.items]
        if response.HasField("chunk"):
            items += self._chunk(response.chunk)
        elif items and self._unfinished:
            raise BadItem(f"item {self._unfinished.item.source_id!r} has no last chunk")
        state = response.state
        return Batch(items, state if state else None)

    def _item(self, message: pb.DataItem) -> Item:
        source_id = message.source_id
        if not source_id or len(source_id) > SOURCE_ID_LIMIT:
            raise BadItem(
                f"source_id has {len(source_id)} characters; 1 to {SOURCE_ID_LIMIT} are allowed"
            )
        plugin_id = message.plugin_id
        if plugin_id != self._plugin_id:
            plugin_id = self._introduce(plugin_id, source_id)
        self.last_item = source_id
        content = message.raw_data
        size = len(content)
        seconds = message.timestamp
        item = Item(
            source_id,
            seconds * 1_000_000 + message.timestamp_nanos // 1000
            if seconds or message.HasField("timestamp")
            else None,
            message.content_type,
            content,
            None,
            size,
            dict(message.metadata),
            "upsert",
            message.problem or None,
            plugin_id,
        )
        if message.op or item.problem or size > self._inline or not EARLIEST <= seconds <= LATEST:
            self._unusual(item, message.op)
        return item

    def _introduce(self, plugin_id: str, source_id: str) -> str:
        if plugin_id and not self._plugin_id:
            self._plugin_id = plugin_id
        elif plugin_id:
            raise BadItem(
                f"item {source_id!r} says it is of plugin {plugin_id!r}, not {self._plugin_id!r}"
            )
        return self._plugin_id

    def _unusual(self, item: Item, op: int) -> None:
        if op not in OPS:
            raise BadItem(f"item {item.source_id!r} has the unknown op {op}")
        item.op = OPS[op]
        if item.timestamp_us is not None:  # the gate then calls the time implausible
            item.timestamp_us = min(max(item.timestamp_us, EARLIEST * 10**6), LATEST * 10**6)
        if item.op == "delete" or item.problem:
            item.content, item.size = None, 0
        elif item.size > self._limits.item_bytes:
            raise TooBig(self._too_big(item))
        elif item.size > self._inline and self._blobs and item.content is not None:
            item.blob = _store(self._blobs, item.content)
            item.content = None

    def _too_big(self, item: Item) -> str:
        return f"item {item.source_id!r} has over {self._limits.item_bytes:,} bytes"

    def _chunk(self, chunk: pb.Chunk) -> list[Item]:
        if chunk.offset == 0 and chunk.HasField("item"):
            self._begin(chunk)
        now = self._unfinished
        if now is None or chunk.source_id != now.item.source_id or chunk.offset != now.size:
            expected = f"{now.item.source_id!r} at {now.size}" if now else "the first of an item"
            raise BadItem(f"chunk of {chunk.source_id!r} at {chunk.offset} came; not {expected}")
        if chunk.abandon:
            self.abort()
            return []
        data = chunk.data
        now.size += len(data)
        if now.size > self._limits.item_bytes:
            raise TooBig(self._too_big(now.item))
        if now.writer:
            now.writer.write(data)
        else:
            now.content += data
        return [self._finish(now)] if chunk.last else []

    def _begin(self, chunk: pb.Chunk) -> None:
        if self._unfinished:
            raise BadItem(f"item {self._unfinished.item.source_id!r} has no last chunk")
        item = self._item(chunk.item)
        if item.size or item.op != "upsert" or item.problem:
            raise BadItem(f"item {item.source_id!r} cannot travel in chunks")
        writer = self._blobs.writer() if self._blobs else None
        self._unfinished = _Unfinished(item, writer, bytearray())

    def _finish(self, now: _Unfinished) -> Item:
        item, self._unfinished = now.item, None
        item.size = now.size
        if now.writer:
            item.blob, item.content = now.writer.commit(), None
        else:
            item.content = bytes(now.content)
        return item

    def finish(self) -> None:
        """Say that no more comes; raises BadItem where the chunks of an item have no end."""
        if self._unfinished:
            raise BadItem(f"item {self._unfinished.item.source_id!r} has no last chunk")

    def abort(self) -> None:
        """Forget the item whose chunks are arriving, and what was written of it."""
        if self._unfinished and self._unfinished.writer:
            self._unfinished.writer.abort()
        self._unfinished = None


def _store(blobs: BlobSink, content: bytes) -> Blob:
    writer = blobs.writer()
    try:
        writer.write(content)
        return writer.commit()
    except BaseException:
        writer.abort()
        raise
