"""What a stage returns to its outputs: rounds of differences, committed one round after another."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from dataq_lake.difference import Difference
from dataq_lake.lake import Lake
from dataq_lake.written import CommitInfo, Written

if TYPE_CHECKING:
    import pyarrow as pa

    from dataq_lake.schemas import Table

Round = Mapping[str, Difference]
"""The differences of some tables, in the order in which they become durable."""

PREVIEW_ROWS = 5
OnWritten = Callable[[str, Written], None]


@dataclass
class Changes:
    """Rounds that all outputs of one step share: whichever output comes first commits them all.

    A stage's next round is made only after the last is durable, so it may read what it wrote,
    and memory holds one round at a time.
    """

    rounds: Iterable[Round]
    written: dict[str, Written] = field(default_factory=dict)
    previews: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    seconds: float = 0.0
    facts: Mapping[str, Any] = field(default_factory=dict)
    """What the stage has to tell besides, once the rounds have ended."""
    _drained: bool = False

    def commit(self, lake: Lake, info: CommitInfo, on_written: OnWritten | None = None) -> None:
        """Commits what has not been committed yet; `on_written` hears of every write."""
        if self._drained:
            return
        self._drained = True
        begun = time.monotonic()
        for round_ in self.rounds:
            for name, difference in round_.items():
                self._apply(lake, name, difference, info, on_written)
        self.seconds = time.monotonic() - begun

    def _apply(
        self,
        lake: Lake,
        name: str,
        difference: Difference,
        info: CommitInfo,
        on_written: OnWritten | None,
    ) -> None:
        handle = lake.table(name)
        new = self._previewed(handle.table, difference.new)
        written = handle.apply(Difference(new, difference.gone, difference.key), info)
        self.written[name] = self.written.get(name, Written()) + written
        if on_written is not None:
            on_written(name, written)

    def _previewed(
        self, table: Table, batches: Iterable[pa.RecordBatch]
    ) -> Iterator[pa.RecordBatch]:
        rows = self.previews.setdefault(table.name, [])
        for batch in batches:
            if batch.num_rows and len(rows) < PREVIEW_ROWS:
                rows.extend(preview(table, batch.slice(0, PREVIEW_ROWS - len(rows))))
            yield batch


def preview(table: Table, batch: pa.RecordBatch) -> list[dict[str, Any]]:
    """The rows of a small batch without bulky, nested or empty columns."""
    from pyarrow.types import is_nested

    shown = [
        column.name
        for column in batch.schema
        if column.name not in table.bulky
        and not is_nested(column.type)
        and batch.column(column.name).null_count < batch.num_rows
    ]
    return list(batch.select(shown).to_pylist())
