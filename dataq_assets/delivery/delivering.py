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

from dataq_assets.delivery.packing import Packer, grouped
from dataq_assets.delivery.records import Record, Records, recorded
from dataq_assets.delivery.selection import Selection, selection
from dataq_lake.difference import Difference
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
        return keys.join(taken, on="key", how="anti").collect().to_series()

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
        for record in waiting:
            delivery = self._as_it_was(packer, record)
            self._next_step[record.id] = record.step + 1
            self._sizes[record.id] = len(record.row_ids), len(delivery.rows) if delivery else 0
            if delivery is None:
                self._end(Receipt(record.id, "refused", "its rows are not in the table", "", 0))
            else:
                yield [delivery]

    def _as_it_was(self, packer: Packer, record: Record) -> Delivery | None:
        batches = list(self._selection.rows(pl.Series(record.row_ids, dtype=pl.String)))
        if not batches:
            return None
        rows = pa.Table.from_batches(batches)
        place = {key: number for number, key in enumerate(record.row_ids)}
        keys = rows.column(self.destination.config.key_column).to_pylist()
        order = sorted(range(len(keys)), key=lambda number: place[str(keys[number])])
        return packer.whole(record.id, rows.take(order))

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
