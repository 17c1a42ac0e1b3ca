"""Writes responses: small items many to a message, big ones alone and without copying them."""

from __future__ import annotations

import dataclasses
import os
import threading
import time
from collections import deque
from collections.abc import Iterable, Iterator, Sequence

from dataq_plugins.protocol.framing import encode_varint
from dataq_plugins.protocol.gen.dataq.v1 import dataq_pb2 as pb
from dataq_plugins.sdk.columns import set_columns
from dataq_plugins.sdk.message import fill
from dataq_plugins.sdk.plugin import Abandon, Item, Log, State

BATCH_BYTES = 96 << 10
"""Messages of this size stay in the processor's cache on both sides: twice as fast as 1 MiB."""
BATCH_SECONDS = 0.25
ITEM_OVERHEAD = 64
SPLIT_BYTES = 1 << 20
"""A message that got longer than this, because of its metadata, is sent in parts."""
BIG = 64 << 10
"""Content from here on goes from the plugin's memory straight into the pipe."""
CHUNK_BYTES = 10 << 20
CHUNK_SECONDS = 10.0
"""A piece that comes slowly is sent before it is whole: the host takes silence for its end."""
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
        self._cancelled = False
        # Only the holder of the lock takes from `_kept` and writes; adding to it needs no lock.
        self._lock = threading.Lock()
        self._kept: deque[Item | State] = deque()
        self._flushed_at = time.monotonic()

    def drain(self, things: Iterable[Item | State | Log]) -> None:
        """Send, or keep for a moment, what `extract` yields; raises Cancelled after `cancel`."""
        keep, kept_bytes = self._kept.append, 0
        for thing in things:
            kind = type(thing)
            if kind is Item and type(thing.content) is bytes and len(thing.content) < BIG:  # type: ignore[union-attr]
                keep(thing)  # type: ignore[arg-type]
                kept_bytes += len(thing.content) + ITEM_OVERHEAD  # type: ignore[union-attr]
            elif kind is State:
                keep(thing)  # type: ignore[arg-type]
            else:
                self._put(thing)
            if kept_bytes >= BATCH_BYTES:
                self.flush()
                kept_bytes = 0
            if self._cancelled:
                raise Cancelled

    def cancel(self) -> None:
        """Have `drain` stop at the next item; from any thread."""
        self._cancelled = True

    def flush_late(self) -> None:
        """Send what was kept for too long; for a thread beside the one that drains."""
        if self._kept and time.monotonic() >= self._flushed_at + BATCH_SECONDS:
            self.flush()

    def flush(self) -> None:
        """Send what was kept."""
        with self._lock:
            self._flush()

    def finish(self, **last: object) -> None:
        """Send what was kept and end the answer; `last` are more fields of the response."""
        with self._lock:
            self._flush()
            self._send(self._response(done=True, **last))

    def _put(self, thing: Item | State | Log) -> None:
        """Send what is not kept: after what is."""
        with self._lock:
            self._flush()
            if isinstance(thing, Item):
                self._item(thing)
            elif isinstance(thing, Log):
                log = pb.Log(level=f"LEVEL_{thing.level.upper()}", message=thing.message)
                self._send(self._response(logs=[log]))
            else:
                kind = type(thing).__name__
                raise TypeError(f"extract yielded a {kind}; not an Item, State or Log")

    def _flush(self) -> None:
        self._flushed_at = time.monotonic()
        kept = [self._kept.popleft() for _ in range(len(self._kept))]
        items = [thing for thing in kept if type(thing) is Item]
        states = [thing.value for thing in kept if type(thing) is State]
        if kept:
            self._send_items(items, states[-1] if states else b"")

    def _send_items(self, items: Sequence[Item], state: bytes) -> None:
        response = self._response(state=state)
        contents: list[bytes] = [item.content for item in items]  # type: ignore[misc]
        try:
            fitting = bool(items) and set_columns(response.columns, items, contents)
        except (TypeError, ValueError):
            fitting = False  # one by one the bad item is found, and named
        if not fitting:
            response.ClearField("columns")
            response.items.extend(map(self._message, items, contents))
        body = response.SerializeToString()
        if len(items) > 1 and len(body) > SPLIT_BYTES:
            middle = len(items) // 2
            self._send_items(items[:middle], b"")
            self._send_items(items[middle:], state)
        else:
            self._write([encode_varint(len(body)), body])

    def _item(self, item: Item) -> None:
        """Send one item by itself, in chunks where it is big or not all there yet."""
        content = item.content
        if not isinstance(content, bytes):
            self._stream(item, content)
        elif len(content) > self._chunk_bytes:
            self._stream(item, (content,))
        elif len(content) >= BIG:
            head = self._message(item).SerializeToString()
            head += TAG_RAW_DATA + encode_varint(len(content))
            self._alone(TAG_ITEMS, head, [content], len(content))
        else:
            self._send_items([item], b"")

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
                self._send(self._response(chunk=chunk))

    def _chunk(
        self, item: Item, offset: int, pieces: Sequence[Piece], size: int, last: bool
    ) -> None:
        chunk = pb.Chunk(source_id=item.source_id, offset=offset, last=last)
        if not offset:
            chunk.item.CopyFrom(self._message(item))
        head = chunk.SerializeToString() + TAG_CHUNK_DATA + encode_varint(size)
        self._alone(TAG_CHUNK, head, pieces, size)

    def _message(self, item: Item, content: bytes = b"") -> pb.DataItem:
        message = pb.DataItem(plugin_id=self._plugin_id, raw_data=content)
        fill(message, item)
        return message

    def _response(self, **fields: object) -> pb.PluginResponse:
        return pb.PluginResponse(
            plugin_id=self._plugin_id,
            request_id=self._request_id,
            **fields,  # type: ignore[arg-type]
        )

    def _send(self, response: pb.PluginResponse) -> None:
        body = response.SerializeToString()
        self._write([encode_varint(len(body)), body])

    def _alone(self, tag: bytes, head: bytes, pieces: Sequence[Piece], size: int) -> None:
        """Send a response whose one item or chunk is `head` and then `pieces`, `size` bytes."""
        start = self._response().SerializeToString() + tag + encode_varint(len(head) + size)
        length = encode_varint(len(start) + len(head) + size)
        self._write([length + start + head, *pieces])

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
    """Yield (pieces, bytes, whether it is the last) of at most `limit` bytes, from any pieces.

    What has come in CHUNK_SECONDS is one.
    """
    pieces: list[Piece] = []
    size, begun = 0, time.monotonic()
    for piece in content:
        view: memoryview = memoryview(piece)
        while size + len(view) > limit:
            room = limit - size
            yield [*pieces, view[:room]], limit, False
            view, pieces, size, begun = view[room:], [], 0, time.monotonic()
        if view:
            pieces.append(view)
            size += len(view)
        if size and time.monotonic() >= begun + CHUNK_SECONDS:
            yield pieces, size, False
            pieces, size, begun = [], 0, time.monotonic()
    yield pieces, size, True
