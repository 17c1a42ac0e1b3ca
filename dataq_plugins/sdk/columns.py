"""Gathers ordinary small items column by column, as the protocol's ItemColumns."""

from __future__ import annotations

from dataq_plugins.protocol.gen.dataq.v1 import dataq_pb2 as pb
from dataq_plugins.sdk.message import exact_time, fill
from dataq_plugins.sdk.plugin import Item

ITEM_OVERHEAD = 64


class Columns:
    """Items of one shape: the same names of metadata, and all or none with a time."""

    def __init__(self) -> None:
        self.bytes = 0
        self.closed = False
        """Whether the next item may no longer come here: one of another shape went before it."""
        self._names: tuple[str, ...] = ()
        self._timed = False
        self._ids: list[str] = []
        self._contents: list[bytes] = []
        self._types: list[str] = []
        self._seconds: list[int] = []
        self._nanos: list[int] = []
        self._values: list[str] = []

    def clear(self) -> None:
        """Begin again, with items of any shape."""
        self.bytes = 0
        self.closed = False
        for column in (self._ids, self._types, self._values):
            column.clear()
        self._contents.clear()
        self._seconds.clear()
        self._nanos.clear()

    def add(self, item: Item, content: bytes) -> bool:
        """Take an item; return False for one that is not of the shape, or no plain upsert."""
        moment, metadata = item.timestamp, item.metadata
        names = tuple(metadata) if metadata else ()
        timed = moment is not None or item.timestamp_ns is not None
        if not self._ids:
            self._names, self._timed = names, timed
        elif names != self._names or timed is not self._timed:
            return False
        if self.closed or item.problem or item.op != "upsert":
            return False
        if isinstance(moment, int) and item.timestamp_ns is None:
            self._seconds.append(moment)
        elif timed:
            self._add_exact_time(item)
        if metadata:
            values = metadata.values()
            self._values += values
            self.bytes += sum(map(len, values))
        self._ids.append(item.source_id)
        self._contents.append(content)
        self._types.append(item.content_type)
        self.bytes += len(content) + ITEM_OVERHEAD
        return True

    def _add_exact_time(self, item: Item) -> None:
        seconds, nanos = exact_time(item)
        self._nanos += [0] * (len(self._seconds) - len(self._nanos))
        self._seconds.append(seconds)
        self._nanos.append(nanos)

    def write(self, columns: pb.ItemColumns) -> None:
        """Fill the message; raises ValueError naming the item that the protocol cannot carry."""
        if not self._ids:
            return
        try:
            columns.source_id.extend(self._ids)
            columns.raw_data.extend(self._contents)
            columns.timestamp.extend(self._seconds)
            if self._nanos:
                self._nanos += [0] * (len(self._seconds) - len(self._nanos))
                columns.timestamp_nanos.extend(self._nanos)
            one = len(set(self._types)) == 1
            columns.content_type.extend(self._types[:1] if one else self._types)
            columns.metadata_name.extend(self._names)
            columns.metadata_value.extend(self._values)
        except (TypeError, ValueError):
            self._blame()
            raise

    def _blame(self) -> None:
        """Set the items one by one, to see which of them it is."""
        width = len(self._names)
        for row, source_id in enumerate(self._ids):
            values = self._values[row * width : (row + 1) * width]
            metadata = dict(zip(self._names, values, strict=True))
            item = Item(source_id, content_type=self._types[row], metadata=metadata)
            fill(pb.DataItem(), item)
