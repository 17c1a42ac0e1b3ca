"""Writes responses: small items many to a message, big ones alone and without copying them."""

from __future__ import annotations

import dataclasses
import os
import threading
import time
from collections.abc import Iterable, Iterator, Sequence

from dataq_plugins.protocol.framing import encode_varint, frame
from dataq_plugins.protocol.gen.dataq.v1 import dataq_pb2 as pb
from dataq_plugins.sdk.columns import ITEM_OVERHEAD, Columns
from dataq_plugins.sdk.message import fill
from dataq_plugins.sdk.plugin import Abandon, Item, Log, State

BATCH_BYTES = 96 << 10
"""Messages of this size stay in the processor's cache on both sides: twice as fast as 1 MiB."""
BATCH_SECONDS = 0.25
BIG = 64 << 10
"""Content from here on goes from the plugin's memory straight into the pipe."""
CHUNK_BYTES = 10 << 20
VECTORS = 512  # os.writev takes 1,024

TAG_ITEMS, TAG_CHUNK = b"\x12", b"\x6a"  # fields 2 and 13 of PluginResponse, length-delimited
TAG_RAW_DATA, TAG_CHUNK_DATA = b"\x2a", b"\x22"  # field 5 of DataItem, field 4 of Chunk

Piece = bytes | memoryview


class Cancelled(Exception):
    """The host asked for the end of the operation."""


class Output:
    """The answer to one request, on one descriptor."""

    def __init__(self, descriptor: int, request: pb.PluginRequest, plugin_id: str) -> None:
        self._descriptor = descriptor
        self._plugin_id = plugin_id
        self._request_id = request.request_id
        self._chunk_bytes = request.max_chunk_bytes or CHUNK_BYTES
        self._lock = threading.Lock()
        self._cancelled = False
        self._columns = Columns()
        self._start_message()

    def _start_message(self) -> None:
        self._response = pb.PluginResponse(plugin_id=self._plugin_id, request_id=self._request_id)
        self._columns.clear()
        self._bytes = 0
        self._flush_at = time.monotonic() + BATCH_SECONDS

    def drain(self, things: Iterable[Item | State | Log]) -> None:
        """Send, or keep for a moment, what `extract` yields; raises Cancelled after `cancel`."""
        lock, columns = self._lock, self._columns
        for thing in things:
            with lock:
                if not (
                    type(thing) is Item
                    and type(thing.content) is bytes
                    and len(thing.content) < BIG
                    and columns.add(thing, thing.content)
                ):
                    self._unusual(thing)
                if columns.bytes + self._bytes >= BATCH_BYTES:
                    self._flush()
            if self._cancelled:
                raise Cancelled

    def cancel(self) -> None:
        """Have `drain` stop at the next item; from any thread."""
        self._cancelled = True

    def flush_late(self) -> None:
        """Send what was kept for too long; for a thread beside the one that drains."""
        if time.monotonic() >= self._flush_at and self._lock.acquire(blocking=False):
            try:
                if self._bytes + self._columns.bytes:
                    self._flush()
            finally:
                self._lock.release()

    def finish(self, **last: object) -> None:
        """Send what was kept and end the answer; `last` are more fields of the response."""
        with self._lock:
            self._response.MergeFrom(pb.PluginResponse(done=True, **last))  # type: ignore[arg-type]
            self._flush()

    def _unusual(self, thing: Item | State | Log) -> None:
        if isinstance(thing, Item):
            self._item(thing)
        elif isinstance(thing, State):
            self._response.state = thing.value
            self._bytes += len(thing.value) + 1
        elif isinstance(thing, Log):
            level = pb.Level.Value(f"LEVEL_{thing.level.upper()}")
            self._response.logs.add(level=level, message=thing.message)
            self._flush()
        else:
            raise TypeError(f"extract yielded {type(thing).__name__}; not an Item, State or Log")

    def _item(self, item: Item) -> None:
        """Send an item of any shape and size, in chunks where it is big or not all there yet."""
        content = item.content
        if not isinstance(content, bytes):
            self._stream(item, content)
        elif len(content) >= BIG:
            self._big(item, content)
        else:
            message = self._response.items.add(plugin_id=self._plugin_id, raw_data=content)
            fill(message, item)
            self._columns.closed = True  # columns come first, and this item may be of the same id
            self._bytes += message.ByteSize() + ITEM_OVERHEAD

    def _flush(self) -> None:
        """Send what was kept."""
        response = self._response
        try:
            self._columns.write(response.columns)
        finally:
            self._start_message()  # what cannot be sent must not be tried again
        self._write([frame(response)])

    def _big(self, item: Item, content: bytes) -> None:
        if len(content) > self._chunk_bytes:
            self._stream(item, (content,))
            return
        head = self._head(item).SerializeToString() + TAG_RAW_DATA + encode_varint(len(content))
        self._alone(TAG_ITEMS, head, [content], len(content))

    def _stream(self, item: Item, content: Iterable[bytes]) -> None:
        """Send content of unknown length: whole where it turns out small, else in chunks."""
        offset = 0
        try:
            for pieces, size, last in _chunks(content, self._chunk_bytes):
                if last and not offset:
                    self._item(dataclasses.replace(item, content=b"".join(pieces)))
                    return
                self._chunk(item, offset, pieces, size, last)
                offset += size
        except Abandon:
            if offset:
                chunk = pb.Chunk(source_id=item.source_id, offset=offset, abandon=True)
                self._response.chunk.CopyFrom(chunk)
                self._flush()

    def _chunk(
        self, item: Item, offset: int, pieces: Sequence[Piece], size: int, last: bool
    ) -> None:
        chunk = pb.Chunk(source_id=item.source_id, offset=offset, last=last)
        if not offset:
            chunk.item.CopyFrom(self._head(item))
        head = chunk.SerializeToString() + TAG_CHUNK_DATA + encode_varint(size)
        self._alone(TAG_CHUNK, head, pieces, size)

    def _head(self, item: Item) -> pb.DataItem:
        message = pb.DataItem(plugin_id=self._plugin_id)
        fill(message, item)
        return message

    def _alone(self, tag: bytes, head: bytes, pieces: Sequence[Piece], size: int) -> None:
        """Send a response whose one item or chunk is `head` and then `pieces`, `size` bytes."""
        if self._bytes + self._columns.bytes:
            self._flush()
        start = self._response.SerializeToString() + tag + encode_varint(len(head) + size)
        length = encode_varint(len(start) + len(head) + size)
        self._write([length + start + head, *pieces])
        self._start_message()

    def _write(self, pieces: Sequence[Piece]) -> None:
        for start in range(0, len(pieces), VECTORS):
            views = [memoryview(piece) for piece in pieces[start : start + VECTORS]]
            while views:
                count = os.writev(self._descriptor, views)
                while views and count >= len(views[0]):
                    count -= len(views.pop(0))
                if count:
                    views[0] = views[0][count:]


def _chunks(content: Iterable[bytes], limit: int) -> Iterator[tuple[list[Piece], int, bool]]:
    """Yield (pieces, bytes, whether it is the last) of at most `limit` bytes, from any pieces."""
    pieces: list[Piece] = []
    size = 0
    for piece in content:
        view: memoryview = memoryview(piece)
        while size + len(view) > limit:
            room = limit - size
            yield [*pieces, view[:room]], limit, False
            view, pieces, size = view[room:], [], 0
        if view:
            pieces.append(view)
            size += len(view)
    yield pieces, size, True
