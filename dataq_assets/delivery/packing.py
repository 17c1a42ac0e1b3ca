"""Cuts rows into deliveries, by count and by bytes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import pyarrow as pa

from dataq_assets.delivery.encoding import ipc_stream, json_lines
from dataq_assets.delivery.records import Record
from dataq_lake.ids import make_id
from dataq_plugins.host import Delivery
from dataq_resources.destinations import Destination

GROUP_ROWS = 10_000
GROUP_BYTES = 32 << 20


@dataclass(frozen=True)
class Packer:
    """Makes deliveries of rows, in the form that the plugin takes ("json" or "arrow")."""

    destination: Destination
    form: str

    def packed(self, rows: pa.Table) -> list[Delivery]:
        """The rows as deliveries; one that is too big by itself travels alone."""
        given = self.destination.config
        keys = rows.column(given.key_column).to_pylist()
        if self.form == "arrow":
            size = rows.nbytes // max(1, rows.num_rows)
            ends = cuts([size] * len(keys), given.batch_rows, given.batch_bytes)
            contents = [ipc_stream(rows.slice(a, b - a)) for a, b in pairwise(ends)]
        else:
            lines = json_lines(rows)
            ends = cuts([len(line) for line in lines], given.batch_rows, given.batch_bytes)
            contents = [b"\n".join(lines[a:b]) for a, b in pairwise(ends)]
        return [
            self._delivery(tuple(map(str, keys[a:b])), content)
            for (a, b), content in zip(pairwise(ends), contents, strict=True)
        ]

    def whole(self, delivery_id: str, rows: pa.Table) -> Delivery:
        """The rows as one delivery, under an id that it has already."""
        keys = tuple(map(str, rows.column(self.destination.config.key_column).to_pylist()))
        content = ipc_stream(rows) if self.form == "arrow" else b"\n".join(json_lines(rows))
        return Delivery(delivery_id, self.destination.config.table, keys, content)

    def _delivery(self, keys: tuple[str, ...], content: bytes) -> Delivery:
        name = self.destination.name
        return Delivery(make_id(name, *keys), self.destination.config.table, keys, content)


def cuts(sizes: Sequence[int], most_rows: int, most_bytes: int) -> list[int]:
    """Where deliveries end, 0 first: each has at most so many rows and bytes, or one row."""
    ends, held = [0], 0
    for number, size in enumerate(sizes):
        count = number - ends[-1]
        if count and (count == most_rows or held + size > most_bytes):
            ends.append(number)
            held = 0
        held += size
    return [*ends, len(sizes)] if sizes else [0]


def grouped(batches: Iterable[pa.RecordBatch], most_rows: int) -> Iterator[pa.Table]:
    """The rows in tables of bounded size, whose rows are a multiple of a batch's but for the last.

    What is planned, sent and recorded together.
    """
    whole = max(most_rows, GROUP_ROWS // most_rows * most_rows)
    held: list[pa.RecordBatch] = []
    count = size = 0
    for batch in batches:
        held.append(batch)
        count, size = count + batch.num_rows, size + batch.nbytes
        if count >= whole or size >= GROUP_BYTES:
            table = pa.Table.from_batches(held)
            end = count // whole * whole or count // most_rows * most_rows or count
            for start in range(0, end, whole):
                yield table.slice(start, min(whole, end - start))
            rest = table.slice(end)
            held, count, size = rest.to_batches(), rest.num_rows, rest.nbytes
    if count:
        yield pa.Table.from_batches(held)


def together(records: Iterable[Record]) -> Iterator[list[Record]]:
    """The records in lists of at most so many rows as a group has, or of one record."""
    held: list[Record] = []
    count = 0
    for record in records:
        if held and count + len(record.row_ids) > GROUP_ROWS:
            yield held
            held, count = [], 0
        held.append(record)
        count += len(record.row_ids)
    if held:
        yield held
