"""One run of a destination: what is on record as waiting, then what was never planned."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import chain
from typing import Any

import polars as pl
import pyarrow as pa

from dataq_assets.delivery.packing import GROUP_ROWS, Packer, grouped
from dataq_assets.delivery.records import Record, Records, recorded
from dataq_assets.delivery.selection import Selection, selection
from dataq_lake.difference import Difference
from dataq_lake.errors import FixTheCall
from dataq_lake.lake import Lake
from dataq_plugins.errors import ConfigError, OperationFailed, PluginError
from dataq_plugins.host import Delivery, OnLog, PluginProcess, Receipt
from dataq_resources.changes import Round
from dataq_resources.destinations import Destination, destination_spec

RECORD_SECONDS = 5.0
"""How long what was delivered may be without a record: after a kill it is sent again."""
Step = dict[str, Any]
OnCount = Callable[[int, int], None]


@dataclass
class Delivering:
    """Sends rows and yields what is to be put on record, each time before it goes on.

    What is sent was recorded as planned before, under an id that means these very rows; so
    whatever happens to this process, each row arrives at least once, and once where the receiver
    knows the id again.
    """

    destination: Destination
    lake: Lake
    run_id: str
    on_log: OnLog | None = None
    on_count: OnCount = lambda _done, _total: None
    facts: dict[str, int] = field(default_factory=dict)
    """Rows delivered, rows that are dead, requests made, once `rounds` has ended."""

    def __post_init__(self) -> None:
        self._records = Records(self.lake, self.destination.name)
        self._selection: Selection = selection(self.lake, self.destination.config)
        self._steps: list[Step] = []
        self._sizes: dict[str, tuple[int, int]] = {}
        self._next_step: dict[str, int] = {}
        self._failed: list[Receipt] = []
        self._total = 0
        self.facts.update(rows=0, dead=0, requests=0)

    def rounds(self) -> Iterator[Round]:
        """What to record; raises PluginError, with what was taken before on record."""
        waiting = list(self._records.waiting())
        version = self._selection.version()
        keys = self._new(version)
        if not waiting and not len(keys):
            return
        self._total = len(keys) + sum(len(each.row_ids) for each in waiting)
        with PluginProcess(destination_spec(self.destination), self.on_log) as plugin:
            try:
                groups = self._groups(keys)
                first = next(groups, None)  # read while the plugin starts
                form = self.destination.config.rows or plugin.describe().rows
                packer = Packer(self.destination, form)
                for deliveries in self._again(packer, waiting):
                    yield from self._sent(plugin, deliveries)
                groups = chain([first] if first else [], groups)
                for deliveries in self._planned(packer, groups, len(keys), version):
                    yield from self._record()
                    yield from self._sent(plugin, deliveries)
                self._expect_taken()
            except PluginError:
                yield from self._record()
                raise
        yield from self._record()

    def _new(self, version: int | None) -> pl.Series:
        """The keys that no delivery has."""
        if version is not None and version == self._records.watermark():
            return pl.Series([], dtype=pl.String)
        taken = self._records.taken().rename({"row_ids": "key"})
        keys = self._selection.keys().with_columns(pl.col("key").cast(pl.String))
        new = keys.join(taken, on="key", how="anti").unique(maintain_order=True)
        found = new.collect().to_series()
        if found.null_count():
            column = self.destination.config.key_column
            raise FixTheCall(
                f"destination {self.destination.name}: {column} is null in some rows: it cannot "
                "tell them apart, so name another key"
            )
        return found

    def _groups(self, keys: pl.Series) -> Iterator[pa.Table]:
        rows = self._selection.rows(keys) if len(keys) else iter(())
        return grouped(rows, self.destination.config.batch_rows)

    def _planned(
        self, packer: Packer, groups: Iterable[pa.Table], left: int, version: int | None
    ) -> Iterator[list[Delivery]]:
        """New deliveries, a group at a time, each with its steps to be recorded first."""
        for rows in groups:
            left -= rows.num_rows
            deliveries = packer.packed(rows)
            for number, each in enumerate(deliveries, 1):
                last = left <= 0 and number == len(deliveries)
                self._sizes[each.id] = len(each.row_ids), len(each.rows)
                self._step(
                    each.id, 0, "planned", row_ids=each.row_ids, watermark=version if last else None
                )
                self._next_step[each.id] = 1
            yield deliveries

    def _again(self, packer: Packer, waiting: list[Record]) -> Iterator[list[Delivery]]:
        """Deliveries that were planned before, of the same rows in the same order."""
        for records in together(waiting):
            deliveries = []
            for record, rows in self._as_they_were(records):
                self._next_step[record.id] = record.step + 1
                self._sizes[record.id] = len(record.row_ids), 0
                if rows.num_rows:
                    delivery = packer.whole(record.id, rows)
                    self._sizes[record.id] = rows.num_rows, len(delivery.rows)
                    deliveries.append(delivery)
                else:
                    gone = "its rows are not in the table any more"
                    self._end(Receipt(record.id, "refused", gone, "", 0))
            yield deliveries

    def _as_they_were(self, records: list[Record]) -> Iterator[tuple[Record, pa.Table]]:
        """Each record with its rows that are there."""
        keys = pl.Series([key for each in records for key in each.row_ids], dtype=pl.String)
        batches = list(self._selection.rows(keys))
        rows = pa.Table.from_batches(batches) if batches else pa.table({})
        column = self.destination.config.key_column
        found = map(str, rows.column(column).to_pylist() if batches else ())
        places: dict[str, list[int]] = {}
        for number, key in enumerate(found):
            places.setdefault(key, []).append(number)
        for record in records:
            mine = [number for key in record.row_ids for number in places.get(key, ())]
            yield record, rows.take(list(dict.fromkeys(mine))) if mine else rows.slice(0, 0)

    def _sent(self, plugin: PluginProcess, deliveries: Iterable[Delivery]) -> Iterator[Round]:
        recorded_at = time.monotonic()
        self._expect_form(plugin)
        for receipt in plugin.deliver(deliveries):
            self._judge(receipt)
            if time.monotonic() - recorded_at > RECORD_SECONDS:
                yield from self._record()
                recorded_at = time.monotonic()

    def _expect_form(self, plugin: PluginProcess) -> None:
        told, asked = plugin.describe().rows, self.destination.config.rows
        if asked and asked != told:
            raise ConfigError(
                f"the plugin takes rows as {told} now, the destination's file says {asked}",
                setting="rows",
                source=self.destination.name,
                operation="deliver",
                kind="destination",
            )

    def _judge(self, receipt: Receipt) -> None:
        """A failure is the delivery's own only if the receiver takes others after it."""
        self.facts["requests"] += receipt.attempts
        if receipt.fate == "failed":
            self._failed.append(receipt)
            return
        for each in self._failed:
            self._end(each)
        self._failed = []
        self._end(receipt)

    def _end(self, receipt: Receipt) -> None:
        state = "delivered" if receipt.fate == "delivered" else "dead"
        self._step(
            receipt.delivery_id,
            self._next_step[receipt.delivery_id],
            state,
            attempts=receipt.attempts,
            reason=receipt.reason or None,
            place=receipt.place or None,
        )
        self.facts["dead" if state == "dead" else "rows"] += self._sizes[receipt.delivery_id][0]
        self.on_count(self.facts["rows"] + self.facts["dead"], self._total)

    def _step(self, delivery_id: str, step: int, state: str, **more: Any) -> None:
        rows, size = self._sizes[delivery_id]
        name = self.destination.name
        known = {"id": delivery_id, "step": step, "destination": name, "state": state}
        self._steps.append({**known, "rows": rows, "bytes": size, **more})

    def _record(self) -> Iterator[Round]:
        steps, self._steps = self._steps, []
        if steps:
            batch = recorded(steps, datetime.now(UTC), self.run_id)
            yield {"deliveries": Difference([batch])}

    def _expect_taken(self) -> None:
        if self._failed:
            last = self._failed[-1]
            raise OperationFailed(
                f"{len(self._failed)} deliveries were given up and wait for another run: "
                f"{last.reason}",
                source=self.destination.name,
                operation="deliver",
                kind="destination",
            )


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
