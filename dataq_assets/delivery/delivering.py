"""One run of a destination: what is on record as waiting, then what was never planned."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol

from dataq_assets.delivery.additions import Additions
from dataq_assets.delivery.changing import Changing
from dataq_assets.delivery.planned import Lost, Planned
from dataq_assets.delivery.records import Records, recorded
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


class Plan(Protocol):
    """What is to be sent in this run: what waits, then what was never planned."""

    is_likely: bool
    """Whether there is most likely something to send: the plugin then starts at once."""
    rows: int
    lost: list[Lost]

    def look(self) -> None:
        """Finds out what there is to send, from which on `rows` and `lost` are known."""
        ...

    def begin(self) -> None:
        """Reads the first rows."""
        ...

    def again(self, form: str) -> Iterator[list[Planned | Lost]]:
        """Deliveries that are on record, as they were."""
        ...

    def new(self, form: str) -> Iterator[list[Planned]]:
        """New ones, a group at a time."""
        ...


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
        kind = Changing if self.destination.config.changes else Additions
        plan: Plan = kind(self.destination, self._selection, self._records)
        with ExitStack() as held:
            plugin = held.enter_context(self._plugin()) if plan.is_likely else None
            plan.look()
            for each in plan.lost:
                self._lose(each)
            self._total = plan.rows
            if plan.rows:
                yield from self._deliver(plan, plugin or held.enter_context(self._plugin()))
            yield from self._record()  # while the plugin ends

    def _plugin(self) -> PluginProcess:
        return PluginProcess(destination_spec(self.destination), self.on_log)

    def _deliver(self, plan: Plan, plugin: PluginProcess) -> Iterator[Round]:
        try:
            plan.begin()  # read while the plugin starts
            form = self.destination.config.rows or plugin.describe().rows
            for known in plan.again(form):
                yield from self._sent(plugin, list(self._known(known)))
            for new in plan.new(form):
                deliveries = [self._planned(each) for each in new]
                yield from self._record()
                yield from self._sent(plugin, deliveries)
            self._expect_taken()
            plugin.finish()
        except PluginError:
            yield from self._record()
            raise

    def _planned(self, planned: Planned) -> Delivery:
        """A new delivery, with its step to be recorded before it is sent."""
        delivery = planned.delivery
        self._sizes[delivery.id] = len(delivery.row_ids), len(delivery.rows)
        self._next_step[delivery.id] = 1
        self._step(
            delivery.id,
            0,
            "planned",
            row_ids=delivery.row_ids,
            row_hashes=planned.row_hashes,
            sequence=planned.sequence,
            watermark=planned.watermark,
        )
        return delivery

    def _known(self, known: Iterable[Planned | Lost]) -> Iterator[Delivery]:
        """Deliveries that are on record; of those that are lost that is recorded."""
        for each in known:
            if isinstance(each, Lost):
                self._lose(each)
                continue
            delivery = each.delivery
            self._sizes[delivery.id] = len(delivery.row_ids), len(delivery.rows)
            self._next_step[delivery.id] = (each.step or 0) + 1
            yield delivery

    def _lose(self, lost: Lost) -> None:
        self._sizes[lost.id] = lost.rows, 0
        self._step(lost.id, lost.step + 1, lost.state, attempts=0, reason=lost.reason)
        self._count("dead" if lost.state == "dead" else "superseded", lost.rows)

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
        self._count("dead" if state == "dead" else "rows", self._sizes[receipt.delivery_id][0])

    def _count(self, fact: str, rows: int) -> None:
        self.facts[fact] = self.facts.get(fact, 0) + rows
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
