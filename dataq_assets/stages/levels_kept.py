"""Whether the bars of service levels were kept when they were last measured."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dataq_assets.stages.check import Verdict
from dataq_lake.lake import Lake
from dataq_lake.levels import history


def kept(lake: Lake, *levels: str) -> Verdict:
    """Passed where the newest measurement of each was, also before the first; says what was not."""
    newest = history(lake, 1)
    rows = [newest[level][0] for level in levels if level in newest]
    facts = {row["level"]: row["value"] for row in rows if row["value"] is not None}
    broken = [row for row in rows if not row["passed"]]
    shown = tuple(
        {name: row[name] for name in ("level", "value", "bar", "unit", "reason", "snapshot")}
        for row in broken
    )
    reason = "; ".join(map(_reason, broken)) if rows else "never measured: dataq levels"
    return Verdict(not broken, reason, facts, len(broken), shown)


def _reason(row: Mapping[str, Any]) -> str:
    if row["value"] is None:
        return f"{row['level']} could not be measured: {row['reason']}"
    bar = f"the bar is {row['bar']:g} {row['unit']}"
    return f"{row['level']} is {row['value']:.3g} {row['unit']}, {bar}"
