"""Commits what a source's plugin sends, rows first and then the state that stands for them."""

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import dagster as dg
import pyarrow as pa

from dataq_lake.schemas import raw_table
from dataq_lake.slice import Slice
from dataq_lake.written import CommitInfo, Written
from dataq_plugins.errors import PluginError
from dataq_resources.changes import preview
from dataq_resources.lake import HomeResource
from dataq_resources.tables import markdown

COMMIT_ROWS = 10_000
COMMIT_BYTES = 32 << 20
COMMIT_SECONDS = 30.0


@dataclass
class Observations:
    """Rows of raw with the state that covers them and all before (None: unchanged)."""

    source: str
    batches: Iterable[tuple[pa.RecordBatch, bytes | None]]
    facts: dict[str, Any] = field(default_factory=dict)
    """What the stream has to tell once it is drained."""


class RawIOManager(dg.ConfigurableIOManager):
    """Commits by 10,000 rows, 32 MB or 30 seconds; a plugin that fails keeps what it sent before."""

    home: dg.ResourceDependency[HomeResource]

    def handle_output(self, context: dg.OutputContext, obj: Observations) -> None:
        """Drains the stream; a failing plugin fails the run in one line, after the commit."""
        begun = time.monotonic()
        writer = RawWriter(self.home, obj.source, context.run_id)
        try:
            writer.drain(obj.batches)
        except PluginError as error:
            raise dg.Failure(str(error), metadata=writer.written.as_dict()) from None
        shown = {**obj.facts, "rows": writer.written.rows, "bytes": writer.written.bytes}
        shown["seconds"] = round(time.monotonic() - begun, 3)
        if writer.written.version is not None:
            shown["version"] = writer.written.version
        if writer.shown:
            shown["preview"] = dg.MetadataValue.md(markdown(writer.shown))
        context.add_output_metadata(shown)

    def load_input(self, context: dg.InputContext) -> Slice:
        """The source's rows, with nothing read yet."""
        assert context.upstream_output is not None
        return Slice(self.home.lake, str(context.upstream_output.asset_key.path[-1]))


@dataclass
class RawWriter:
    """Gathers batches until a commit pays."""

    home: HomeResource
    source: str
    run_id: str
    written: Written = field(default_factory=Written)
    shown: list[dict[str, Any]] = field(default_factory=list)

    def drain(self, batches: Iterable[tuple[pa.RecordBatch, bytes | None]]) -> None:
        """Commits everything; what came before an error is committed before it is raised."""
        stream = _Gathered(batches)
        for rows, state in stream:
            self._commit(rows, state)
        if stream.error is not None:
            raise stream.error

    def _commit(self, rows: list[pa.RecordBatch], state: bytes | None) -> None:
        lake = self.home.lake
        info = CommitInfo(self.run_id, f"raw_{self.source}")
        if rows:
            self.written += lake.raw(self.source).append(rows, info)
            if not self.shown:
                self.shown = preview(raw_table(self.source), rows[0].slice(0, 5))
        if state is not None and state != lake.state(self.source):
            lake.save_state(self.source, state, self.run_id)


class _Gathered:
    """Groups of batches that are worth a commit, with the last state of each group."""

    def __init__(self, batches: Iterable[tuple[pa.RecordBatch, bytes | None]]) -> None:
        self._batches = batches
        self.error: BaseException | None = None

    def __iter__(self) -> Iterator[tuple[list[pa.RecordBatch], bytes | None]]:
        rows: list[pa.RecordBatch] = []
        state: bytes | None = None
        begun = time.monotonic()
        try:
            for batch, state_ in self._batches:
                if batch.num_rows:
                    rows.append(batch)
                state = state_ if state_ is not None else state
                if _is_enough(rows) or time.monotonic() - begun > COMMIT_SECONDS:
                    yield rows, state
                    rows, state, begun = [], None, time.monotonic()
        except PluginError as error:
            self.error = error
        yield rows, state


def _is_enough(rows: list[pa.RecordBatch]) -> bool:
    return (
        sum(batch.num_rows for batch in rows) >= COMMIT_ROWS
        or sum(batch.nbytes for batch in rows) >= COMMIT_BYTES
    )
