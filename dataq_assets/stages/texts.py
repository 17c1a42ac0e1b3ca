"""Every distinct content that an analyzer reads is analyzed once per version of the analyzer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from dataq_assets.stages.ahead import MOST_TEXTS, Ahead, parts_of
from dataq_assets.stages.analyzed import Round
from dataq_assets.stages.quarantine import rows_of
from dataq_assets.stages.reading import STAGE, Reading, refused
from dataq_assets.stages.telling import Tell, silent
from dataq_lake.difference import Difference
from dataq_lake.lake import Lake

if TYPE_CHECKING:
    from dataq_analyzers.pool import Pool
    from dataq_assets.stages.reading import EarlyReading


@dataclass
class Texts:
    """One pass over the contents that their analyzer has not seen in its current version."""

    lake: Lake
    pool: Pool
    run_id: str
    now_us: int
    tell: Tell = silent
    early: EarlyReading | None = None
    """The pass, if it was begun before."""
    ahead: Ahead | None = None
    """Takes the texts of the segments that are to come of it."""

    def rounds(self) -> Iterator[dict[str, Difference]]:
        """Differences of quarantine, texts and analyses; analyses last: they say it is done."""
        with closing(self.early or Reading(self.lake, self.pool)) as reading:
            if not reading.new.is_empty():
                yield from self._read(reading)

    def _read(self, reading: Reading | EarlyReading) -> Iterator[dict[str, Difference]]:
        new = reading.new
        held = self._held()
        round_ = self._begun(held)
        for row, reason in refused(new):
            round_.refuse(row, reason)
        wanted: list[tuple[str, str]] = []
        for done, (asset, outcome) in enumerate(reading.outcomes(), 1):
            round_.add(asset, outcome)
            if self.ahead and len(wanted) < MOST_TEXTS:
                wanted.extend(parts_of(outcome))
            if round_.is_full():
                yield round_.differences()
                round_ = self._begun(held)
                self.tell(STAGE, done, new.height)
        if self.ahead:  # not before: whoever reads would have to wait for it
            self.ahead.want(wanted)
        yield round_.differences()
        self.tell(STAGE, new.height, new.height)

    def _begun(self, held: Mapping[str, dict[str, Any]]) -> Round:
        return Round(self.lake, held, self.run_id, self.now_us)

    def _held(self) -> dict[str, dict[str, Any]]:
        rows = rows_of(self.lake, STAGE).filter(pl.col("state") != "resolved").collect()
        return {row["id"]: row for row in rows.to_dicts()}
