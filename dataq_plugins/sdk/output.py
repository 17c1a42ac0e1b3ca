"""Writes responses: small items many to a message, big ones alone and without copying them."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator
from datetime import datetime

from dataq_plugins.protocol.framing import encode_varint, frame
from dataq_plugins.protocol.gen.dataq.v1 import dataq_pb2 as pb
from dataq_plugins.sdk.plugin import Abandon, Item, Log, State

BATCH_ITEMS = 1000
BATCH_BYTES = 1 << 20
BATCH_SECONDS = 0.25
ITEM_OVERHEAD = 64
BIG = 64 << 10
"""Content from here on goes from the plugin's memory straight into the pipe."""
CHUNK_BYTES = 10 << 20
VECTORS = 512  # os.writev takes 1,024

TAG_ITEMS, TAG_CHUNK = b"\x12", b"\x6a"  # fields 2 and 13 of PluginResponse, length-delimited
TAG_RAW_DATA, TAG_CHUNK_DATA = b"\x2a", b"\x22"  # field 5 of DataItem, field 4 of Chunk


class Output:
    """The answer to one request, on one descriptor."""

    def __init__(self, descriptor: int, request: pb.PluginRequest, plugin_id: str) -> None:
        self._descriptor = descriptor
        self._plugin_id = plugin_id
        self._request_id = request.request_id
        self._chunk_bytes = request.max_chunk_bytes or CHUNK_BYTES
        self._start_batch()

    def _start_batch(self) -> None:
        self._response = pb.PluginResponse(
            plugin_id=self._plugin_id, request_id=self._request_id
        )
        self._add = self._response.items.add
        self._count = self._bytes = 0
        self._flush_at = time.monotonic() + BATCH_SECONDS

    def put(self, thing: Item | State | Log) -> None:
        """Send, or keep for a moment, what `extract` yielded."""
        if isinstance(thing, Item):
            self.item(thing)
        elif isinstance(thing, State):
            self._response.state = thing.value
        elif isinstance(thing, Log):
            level = pb.Level.Value(f"LEVEL_{thing.level.upper()}")
            self._response.logs.add(level=level, message=thing.message)
            self.flush()
        else:
            raise TypeError(f"extract yielded {type(thing).__name__}; not an Item, State or Log")

    def item(self, item: Item) -> None:
        """Send one item, in chunks where it is big or not all there yet."""
        content = item.content
        if not isinstance(content, bytes):
            self._stream(item, content)
            return
        if len(content) >= BIG:
            if len(content) > self._chunk_bytes:
                self._stream(item, (content,))
            else:
                self._big(item, content)
            return
        seconds, nanos = _time(item)
        self._add(
            plugin_id=self._plugin_id,
            source_id=item.source_id,
            timestamp=seconds,
            content_type=item.content_type,
            raw_data=content,
            metadata=item.metadata,
            timestamp_nanos=nanos,
            op=1 if item.op == "delete" else 0,
            problem=item.problem,
        )
        self._count += 1
        self._bytes += len(content) + ITEM_OVERHEAD
        if (
            self._count >= BATCH_ITEMS
            or self._bytes >= BATCH_BYTES
            or time.monotonic() >= self._flush_at
        ):
            self.flush()

    def flush(self) -> None:
        """Send what was kept."""
        self._write([frame(self._response)])
        self._start_batch()

    def finish(self, **last: object) -> None:
        """Send what was kept and end the answer; `last` are more fields of the response."""
        self._response.MergeFrom(pb.PluginResponse(done=True, **last))  # type: ignore[arg-type]
        self.flush()

    def _big(self, item: Item, content: bytes) -> None:
        if self._count:
            self.flush()
        head = self._head(item).SerializeToString() + TAG_RAW_DATA + encode_varint(len(content))
        self._alone(TAG_ITEMS, head, [content], len(content))

    def _stream(self, item: Item, content: Iterable[bytes]) -> None:
        """Send content of unknown length: whole where it turns out small, else in chunks."""
        offset = 0
        try:
            for pieces, size, last in _chunks(content, self._chunk_bytes):
                if last and not offset and size < BIG:
                    self.item(_with_content(item, b"".join(pieces)))
                    return
                self._chunk(item, offset, pieces, size, last)
                offset += size
        except Abandon:
            if offset:
                chunk = pb.Chunk(source_id=item.source_id, offset=offset, abandon=True)
                self._response.chunk.CopyFrom(chunk)
                self.flush()

    def _chunk(
        self, item: Item, offset: int, pieces: list[bytes], size: int, last: bool
    ) -> None:
        if self._count:
            self.flush()
        chunk = pb.Chunk(source_id=item.source_id, offset=offset, last=last)
        if not offset:
            chunk.item.CopyFrom(self._head(item))
        head = chunk.SerializeToString() + TAG_CHUNK_DATA + encode_varint(size)
        self._alone(TAG_CHUNK, head, pieces, size)

    def _alone(self, tag: bytes, head: bytes, pieces: list[bytes], size: int) -> None:
        """Send a response whose one item or chunk is `head` and then `pieces`, `size` bytes."""
        self._response.state, state = b"", self._response.state
        start = self._response.SerializeToString() + tag + encode_varint(len(head) + size)
        length = encode_varint(len(start) + len(head) + size)
        self._write([length + start + head, *pieces])
        self._start_batch()
        if state:
            self._response.state = state

    def _head(self, item: Item) -> pb.DataItem:
        seconds, nanos = _time(item)
        return pb.DataItem(
            plugin_id=self._plugin_id,
            source_id=item.source_id,
            timestamp=seconds,
            content_type=item.content_type,
            metadata=item.metadata,
            timestamp_nanos=nanos,
        )

    def _write(self, pieces: list[bytes]) -> None:
        for start in range(0, len(pieces), VECTORS):
            views = [memoryview(piece) for piece in pieces[start : start + VECTORS]]
            while views:
                count = os.writev(self._descriptor, views)
                while views and count >= len(views[0]):
                    count -= len(views.pop(0))
                if count:
                    views[0] = views[0][count:]


def _time(item: Item) -> tuple[int | None, int]:
    if item.timestamp_ns is not None:
        return divmod(item.timestamp_ns, 1_000_000_000)
    moment = item.timestamp
    if moment is None or isinstance(moment, int):
        return moment, 0
    if isinstance(moment, datetime):
        if moment.tzinfo is None:
            raise ValueError(f"item {item.source_id!r}: its timestamp has no time zone")
        moment = moment.timestamp()
    seconds = int(moment // 1)
    return seconds, round((moment - seconds) * 1_000_000) * 1000 % 1_000_000_000


def _with_content(item: Item, content: bytes) -> Item:
    return Item(
        item.source_id,
        content,
        item.timestamp,
        item.content_type,
        item.metadata,
        item.problem,
        item.op,
        item.timestamp_ns,
    )


def _chunks(content: Iterable[bytes], limit: int) -> Iterator[tuple[list[bytes], int, bool]]:
    """Yield (pieces, bytes, whether it is the last) of at most `limit` bytes, from any pieces."""
    pieces: list[bytes] = []
    size = 0
    for piece in content:
        view = memoryview(piece)
        while size + len(view) > limit:
            room = limit - size
            yield [*pieces, view[:room]], limit, False  # type: ignore[list-item]
            view, pieces, size = view[room:], [], 0
        if view:
            pieces.append(view)  # type: ignore[arg-type]
            size += len(view)
    yield pieces, size, True
