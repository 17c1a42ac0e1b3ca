"""Measures every service level, and keeps what was measured."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from dataq_assets.stages.arrow import batch_of
from dataq_assets.stages.level import Level, Measured, Measuring, all_levels
from dataq_lake.difference import Difference
from dataq_lake.errors import LakeError, NothingIndexed
from dataq_lake.ids import make_id
from dataq_lake.levels import TABLE

Round = Mapping[str, Difference]


@dataclass
class ServiceLevels:
    """One look at all levels; `facts` has each value by its level, once the rounds have ended."""

    measuring: Measuring
    run_id: str
    levels: Sequence[Level] = field(default_factory=all_levels)
    facts: dict[str, float] = field(default_factory=dict)

    def rounds(self) -> Iterator[Round]:
        """A row a level; before the first index there is nothing to measure, and none."""
        try:
            snapshot = self.measuring.snapshot.manifest.id
        except NothingIndexed:
            return
        rows = [self._row(level, snapshot) for level in self.levels]
        self.facts |= {row["level"]: row["value"] for row in rows if row["value"] is not None}
        yield {TABLE: Difference([batch_of(TABLE, rows)])}

    def _row(self, level: Level, snapshot: str) -> dict[str, Any]:
        """What cannot be measured does not pass: a broken index is not a good one."""
        bar = self.measuring.settings.bars[level.name]
        try:
            found: Measured | None = level.measure(self.measuring)
            reason = None
        except (LakeError, FileNotFoundError) as error:
            found, reason = None, str(error)
        passed = found is not None and level.passes(found.value, bar)
        return {
            "id": make_id("level", self.run_id, level.name, self.measuring.now.isoformat()),
            "measured_at": self.measuring.now,
            "level": level.name,
            "value": found.value if found else None,
            "unit": level.unit,
            "bar": bar,
            "passed": passed,
            "reason": reason,
            "snapshot": snapshot,
            "facts": json.dumps(dict(found.facts) if found else {}, ensure_ascii=False),
            "run_id": self.run_id,
        }
