"""Gathers ordinary small items, to send them column by column as the protocol's ItemColumns."""

from __future__ import annotations

from datetime import datetime

from dataq_plugins.protocol.gen.dataq.v1 import dataq_pb2 as pb
from dataq_plugins.sdk.message import exact_time, fill
from dataq_plugins.sdk.plugin import Item

ITEM_OVERHEAD = 64

Row = tuple[str, bytes, str, datetime | float | None, int | None]
"""source_id, content, content_type, timestamp, timestamp_ns: cheaper than a list of each."""


class Columns:
    """Items of one shape: the same names of metadata, and all or none with a time."""

    __slots__ = ("_names", "_rows", "_timed", "_values", "bytes", "closed")

    def __init__(self) -> None:
        self.bytes = 0
        self.closed = False
        """Whether the next item may no longer come here: one of another shape went before it."""
        self._names: tuple[str, ...] = ()
        self._timed = False
        self._rows: list[Row] = []
        self._values: list[str] = []

    def clear(self) -> None:
        """Begin again, with items of any shape."""
        self.bytes = 0
        self.closed = False
        self._rows.clear()
        self._values.clear()

    def add(self, item: Item, content: bytes) -> bool:
        """Take an item; return False for one that is not of the shape, or no plain upsert."""
        metadata, moment, exact = item.metadata, item.timestamp, item.timestamp_ns
        names = tuple(metadata) if metadata else ()
        timed = moment is not None or exact is not None
        if not self._rows:
            self._names, self._timed = names, timed
        elif names != self._names or timed is not self._timed:
            return False
        if self.closed or item.problem or item.op != "upsert":
            return False
        self._rows.append((item.source_id, content, item.content_type, moment, exact))
        if metadata:
            values = metadata.values()
            self._values += values
            self.bytes += sum(map(len, values))
        self.bytes += len(content) + ITEM_OVERHEAD
        return True

    def write(self, columns: pb.ItemColumns) -> None:
        """Fill the message; raises ValueError naming the item that the protocol cannot carry."""
        if not self._rows:
            return
        ids, contents, types, moments, exacts = zip(*self._rows, strict=True)
        try:
            columns.source_id.extend(ids)
            columns.raw_data.extend(contents)
            columns.content_type.extend(types[:1] if len(set(types)) == 1 else types)
            columns.metadata_name.extend(self._names)
            columns.metadata_value.extend(self._values)
            if exacts.count(None) < len(exacts) or set(map(type, moments)) != {int}:
                self._write_exact_times(columns)
            else:
                columns.timestamp.extend(moments)
        except (TypeError, ValueError):
            self._blame()
            raise

    def _write_exact_times(self, columns: pb.ItemColumns) -> None:
        if self._timed:
            times = [exact_time(row[0], row[3], row[4]) for row in self._rows]
            columns.timestamp.extend(seconds for seconds, _ in times)
            columns.timestamp_nanos.extend(nanos for _, nanos in times)

    def _blame(self) -> None:
        """Set the items one by one, to see which of them it is."""
        width = len(self._names)
        for number, (source_id, _, content_type, moment, exact) in enumerate(self._rows):
            values = self._values[number * width : (number + 1) * width]
            metadata = dict(zip(self._names, values, strict=True))
            item = Item(source_id, b"", moment, content_type, metadata, timestamp_ns=exact)
            fill(pb.DataItem(), item)
