"""From a source's plugin to rows of raw: asks the process, keeps only what is news."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from dataq_assets.begun import Begun, Question, key_of
from dataq_assets.stages.raw import Observer, heads_of
from dataq_assets.stages.windows import Windowing
from dataq_lake.lake import Lake
from dataq_plugins.errors import PluginError
from dataq_plugins.host import Batch, Item, OnLog, Window
from dataq_resources.handover import taken
from dataq_resources.progress import tell

if TYPE_CHECKING:
    from dataq_plugins.host import PluginSpec

GATHER_ITEMS = 256
GATHER_BYTES = 4 << 20
# Before and after everything that a plugin can name: the first and the last window are open.
EARLIEST, LATEST = -62_135_596_800, 253_402_300_799


@dataclass
class Extraction:
    """One extraction of one source over a range of windows (None: whatever the plugin has)."""

    spec: PluginSpec
    lake: Lake
    windowing: Windowing
    window: Window | None
    run_id: str
    full: bool = False
    on_log: OnLog | None = None
    facts: dict[str, Any] = field(default_factory=dict)
    windows: dict[str, int] = field(default_factory=dict)

    def batches(self) -> Iterator[tuple[pa.RecordBatch, bytes | None]]:
        """Rows and state, as they arrive; raises PluginError."""
        with self._begun() as begun:
            if self.on_log:
                begun.log_to(self.on_log)
            told = begun.plugin.describe()
            observer = self._observer(told.id, told.version)
            for batch in gathered(begun.batches()):
                rows = observer.observe(batch.items)
                self._count(rows)
                yield rows, batch.state
                self.facts.update(asdict(observer.counts))
                tell("raw", observer.counts.seen, unit="items", source=self.spec.source)
            self.facts.update(plugin=told.id, plugin_version=told.version)

    def _begun(self) -> Begun:
        """The plugin at work: as it was handed over, if that is on this question, or a new one."""
        question = Question(self.window, self.lake.state(self.spec.source), self.full)
        early: Begun | None = taken(key_of(self.lake.root, self.spec.source))
        if early:
            if early.question == question:
                return early
            early.close()
        begun = Begun(self.spec)
        begun.ask(question, self.lake.blobs)
        return begun

    def _count(self, rows: pa.RecordBatch) -> None:
        for each in rows.column("window").value_counts().to_pylist():
            self.windows[each["values"]] = self.windows.get(each["values"], 0) + each["counts"]

    def _observer(self, plugin_id: str, plugin_version: str) -> Observer:
        import polars as pl

        raw = self.lake.raw(self.spec.source).scan()
        last = raw.select(pl.col("sequence").max()).collect().item()
        return Observer(
            source=self.spec.source,
            heads=heads_of(raw),
            next_sequence=0 if last is None else last + 1,
            windowing=self.windowing,
            run_id=self.run_id,
            plugin_id=plugin_id,
            plugin_version=plugin_version,
            now_us=lambda: time.time_ns() // 1000,
        )


def gathered(batches: Iterable[Batch]) -> Iterator[Batch]:
    """The same items and states in larger batches: to make rows of one item costs as of 200."""
    items: list[Item] = []
    state: bytes | None = None
    size = 0
    try:
        for batch in batches:
            items += batch.items
            state = batch.state if batch.state is not None else state
            size += sum(len(item.content or b"") for item in batch.items)
            if len(items) >= GATHER_ITEMS or size >= GATHER_BYTES:
                yield Batch(items, state)
                items, state, size = [], None, 0
    except PluginError:
        yield Batch(items, state)  # what came before it failed stays
        raise
    if items or state is not None:
        yield Batch(items, state)


def open_ended(windowing: Windowing, first: str, last: str, now: int) -> Window:
    """The time from window `first` to window `last`; the first and the newest have no far end."""
    start, end = windowing.bounds(first)[0], windowing.bounds(last)[1]
    return Window(EARLIEST if start <= windowing.first else start, LATEST if end > now else end)
