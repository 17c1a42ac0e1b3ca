"""Commits what a source's plugin sends, rows first and then the state that stands for them."""

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import dagster as dg

from dataq_lake.slice import Slice
from dataq_lake.written import CommitInfo, Written
from dataq_plugins.errors import PluginError
from dataq_resources.changes import preview
from dataq_resources.errors import KIND
from dataq_resources.lake import HomeResource
from dataq_resources.locks import locked
from dataq_resources.stored import Stored, stored
from dataq_resources.tables import markdown

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass
class Observations:
    """Rows of raw with the state that covers them and all before (None: unchanged)."""

    source: str
    batches: "Iterable[tuple[pa.RecordBatch, bytes | None]]"
    facts: dict[str, Any] = field(default_factory=dict)
    """What the stream has to tell once it is drained."""
    windows: dict[str, int] = field(default_factory=dict)
    """Rows by the window they are filed in, likewise."""
    again: Callable[[PluginError], dg.RetryRequested | None] = lambda _: None
    """Whether, and after how long, the step is to be tried again where the plugin fails."""


class RawIOManager(dg.ConfigurableIOManager):
    """Commits a good piece at a time; a plugin that fails keeps what it sent before."""

    home: dg.ResourceDependency[HomeResource]

    def handle_output(self, context: dg.OutputContext, obj: Observations) -> None:
        """Drains the stream; a failing plugin fails the run in one line, after the commit."""
        begun = time.monotonic()
        writer = RawWriter(self.home, obj.source, context.run_id)
        try:
            with locked(self.home.home.locks, f"source_{obj.source}"):
                writer.drain(obj.batches)
        except PluginError as error:
            if again := obj.again(error):
                raise again from error
            told = {KIND: type(error).__name__, **writer.written.as_dict()}
            raise dg.Failure(str(error), metadata=told) from None
        self._tell_other_windows(context, obj.windows)
        shown = {**obj.facts, "rows": writer.written.rows, "bytes": writer.written.bytes}
        shown["seconds"] = round(time.monotonic() - begun, 3)
        shown["dagster/row_count"] = self.home.lake.raw(obj.source).count()
        if writer.written.version is not None:
            shown["version"] = writer.written.version
        if writer.shown:
            shown["preview"] = dg.MetadataValue.md(markdown(writer.shown))
        context.add_output_metadata(shown)

    def _tell_other_windows(self, context: dg.OutputContext, windows: dict[str, int]) -> None:
        """Records windows that got rows though the run was not about them, tombstones for one."""
        told = set(context.asset_partition_keys) if context.has_asset_partitions else set(windows)
        for window, rows in windows.items():
            if window not in told:
                about: dict[str, Any] = {"rows": rows}
                context.log_event(
                    dg.AssetMaterialization(context.asset_key, metadata=about, partition=window)
                )

    def load_input(self, context: dg.InputContext) -> Slice:
        """The source's rows, with nothing read yet."""
        return Slice(self.home.lake, str(context.asset_key.path[-1]))


@dataclass
class RawWriter:
    """Appends rows as they come, and after each commit keeps the state that covers its rows."""

    home: HomeResource
    source: str
    run_id: str
    written: Written = field(default_factory=Written)
    shown: list[dict[str, Any]] = field(default_factory=list)

    def drain(self, batches: "Iterable[tuple[pa.RecordBatch, bytes | None]]") -> None:
        """Commits everything; what came before an error is committed before it is raised."""
        stream = _Rows(batches)
        info = CommitInfo(self.run_id, f"raw_{self.source}")
        handle = self.home.lake.raw(self.source)
        self.written = handle.append(stream, info, lambda _: self._keep(stream))
        self._keep(stream)
        if stream.first is not None:
            self.shown = preview(handle.table, stream.first)
        if stream.error is not None:
            raise stream.error

    def _keep(self, stream: "_Rows") -> None:
        items, size = stream.take_counts()
        if items:
            stored(Stored(self.source, items, size))
        state = stream.take_state()
        lake = self.home.lake
        if state is not None and state != lake.state(self.source):
            lake.save_state(self.source, state, self.run_id)


class _Rows:
    """The rows of a plugin's stream; remembers the state that came last, and how it ended."""

    def __init__(self, batches: "Iterable[tuple[pa.RecordBatch, bytes | None]]") -> None:
        self._batches = batches
        self._state: bytes | None = None
        self._items = self._bytes = 0
        self.first: pa.RecordBatch | None = None
        self.error: PluginError | None = None

    def __iter__(self) -> "Iterator[pa.RecordBatch]":
        try:
            for batch, state in self._batches:
                self._state = state if state is not None else self._state
                if batch.num_rows:
                    self.first = self.first or batch.slice(0, 5)
                    self._items += batch.num_rows
                    self._bytes += sum(each or 0 for each in batch.column("size").to_pylist())
                    yield batch
        except PluginError as error:
            self.error = error

    def take_state(self) -> bytes | None:
        """The state to keep for the rows taken so far; None if it is kept already."""
        state, self._state = self._state, None
        return state

    def take_counts(self) -> tuple[int, int]:
        """Rows taken since this was asked last, and the bytes of what they are about."""
        counts = self._items, self._bytes
        self._items = self._bytes = 0
        return counts
