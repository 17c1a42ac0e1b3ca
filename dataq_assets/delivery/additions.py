"""What is delivered where only new rows go out: each key once."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

import polars as pl
import pyarrow as pa

from dataq_assets.delivery.packing import Packer, grouped, together
from dataq_assets.delivery.planned import Lost, Planned
from dataq_assets.delivery.records import SUPERSEDED, Record, Records
from dataq_assets.delivery.selection import Selection, expect_whole, rows_in_order
from dataq_resources.destinations import Destination


class Additions:
    """The rows whose key was never planned, and deliveries that have no end on record."""

    def __init__(self, destination: Destination, selection: Selection, records: Records) -> None:
        self._destination, self._selection = destination, selection
        self._records = records
        waiting = list(records.waiting())
        self._waiting = [each for each in waiting if each.sequence is None]
        reason = "it was of changes, and now only new rows are delivered"
        self.lost = [
            Lost(each.id, each.step, len(each.row_ids), SUPERSEDED, reason)
            for each in waiting
            if each.sequence is not None
        ]
        self._version = selection.version()
        known = self._version is not None
        self._is_as_it_was = known and self._version == records.watermark() and not self.lost
        self.is_likely = bool(self._waiting) or (known and not self._is_as_it_was)
        self.rows = 0

    def look(self) -> None:
        """Finds the keys that are new."""
        self._keys = self._new()
        self.rows = len(self._keys) + sum(len(each.row_ids) for each in self._waiting)
        groups = self._selection.rows(self._keys) if len(self._keys) else iter(())
        self._groups: Iterator[pa.Table] = grouped(groups, self._destination.config.batch_rows)

    def begin(self) -> None:
        """Reads the first rows."""
        first = next(self._groups, None)
        self._groups = chain([] if first is None else [first], self._groups)

    def again(self, form: str) -> Iterator[list[Planned | Lost]]:
        """Deliveries that were planned before, of the same rows in the same order."""
        packer = Packer(self._destination, form)
        for records in together(self._waiting):
            lists = [each.row_ids for each in records]
            key = self._destination.config.key_column
            found = rows_in_order(self._selection, key, lists)
            yield [
                Planned(packer.whole(each.id, rows), each.step) if rows.num_rows else gone(each)
                for each, rows in zip(records, found, strict=True)
            ]

    def new(self, form: str) -> Iterator[list[Planned]]:
        """New deliveries, a group at a time."""
        packer = Packer(self._destination, form)
        left = len(self._keys)
        for rows in self._groups:
            left -= rows.num_rows
            packed = packer.packed(rows)
            marks = [None] * (len(packed) - 1) + [self._version if left <= 0 else None]
            yield [Planned(each, watermark=mark) for each, mark in zip(packed, marks, strict=True)]

    def _new(self) -> pl.Series:
        """The keys that no delivery has."""
        if self._is_as_it_was:
            return pl.Series([], dtype=pl.String)
        taken = self._records.taken([each.id for each in self.lost]).rename({"row_ids": "key"})
        keys = self._selection.keys().with_columns(pl.col("key").cast(pl.String))
        new = keys.join(taken, on="key", how="anti").unique(maintain_order=True)
        found = new.collect().to_series()
        expect_whole(self._destination.name, self._destination.config.key_column, found)
        return found


def gone(record: Record) -> Lost:
    """The end of a delivery of which no row is left."""
    reason = "its rows are not in the table any more"
    return Lost(record.id, record.step, len(record.row_ids), "dead", reason)
