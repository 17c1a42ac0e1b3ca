"""What was measured of how well the lake serves, over time, and the settings of that."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dataq_lake.errors import FixTheCall

if TYPE_CHECKING:
    from dataq_lake.lake import Lake

TABLE = "service_levels"
OFF = "off"
BARS = {
    "recall_at_10": ("DATAQ_LEVELS_RECALL", 0.95),
    "search_p50": ("DATAQ_LEVELS_P50_MS", 250.0),
    "search_p95": ("DATAQ_LEVELS_P95_MS", 500.0),
    "index_coverage": ("DATAQ_LEVELS_COVERAGE", 1.0),
    "index_freshness": ("DATAQ_LEVELS_FRESHNESS_HOURS", 24.0),
}


@dataclass(frozen=True)
class LevelSettings:
    """The bar of each level, the file of queries that are timed, and when it is all measured."""

    bars: Mapping[str, float] = field(default_factory=lambda: {n: b for n, (_, b) in BARS.items()})
    queries: Path | None = None
    cron: str = "40 4 * * *"
    runs: bool = True


def level_settings(settings: Mapping[str, str] = os.environ) -> LevelSettings:
    """The settings; raises FixTheCall naming the one that is wrong."""
    queries = settings.get("DATAQ_LEVELS_QUERIES")
    cron = (settings.get("DATAQ_LEVELS_CRON") or LevelSettings.cron).strip()
    return LevelSettings(
        {level: _number(settings, *each) for level, each in BARS.items()},
        Path(queries).expanduser() if queries else None,
        LevelSettings.cron if cron == OFF else cron,
        cron != OFF,
    )


def history(lake: Lake, limit: int | None = None) -> dict[str, list[dict[str, Any]]]:
    """The measurements of each level in order of time, the last `limit` of them; facts parsed."""
    rows = lake.table(TABLE).scan().sort("measured_at", "id").collect().to_dicts()
    found: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        found.setdefault(row["level"], []).append({**row, "facts": json.loads(row["facts"])})
    return {level: found[level][-limit if limit else None :] for level in sorted(found)}


def _number(settings: Mapping[str, str], name: str, usual: float) -> float:
    text = settings.get(name) or str(usual)
    try:
        return float(text)
    except ValueError:
        raise FixTheCall(f"{name} is {text[:32]!r}: write a number") from None
