"""What the DATAQ_* settings say about maintenance."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from dataq_lake.errors import FixTheCall
from dataq_lake.maintenance.keeping import Keeping

OFF = "off"
CRONS = {
    "compaction": "DATAQ_COMPACTION_CRON",
    "merge-indexes": "DATAQ_MERGE_INDEXES_CRON",
    "retire-snapshots": "DATAQ_RETIRE_SNAPSHOTS_CRON",
    "vacuum": "DATAQ_VACUUM_CRON",
}
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([KMGT]?)B?", re.I)
_FACTORS = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}


@dataclass(frozen=True)
class MaintenanceSettings:
    """The bounds of one run, which snapshots stay, and the schedules that somebody has set.

    `crons` has a cron or OFF by the name of the task; a task that is not in it has its own.
    """

    seconds: float = 1800.0
    bytes: int = 20 * 10**9
    keeping: Keeping = field(default_factory=Keeping)
    crons: Mapping[str, str] = field(default_factory=dict)


def maintenance_settings(settings: Mapping[str, str] = os.environ) -> MaintenanceSettings:
    """The settings; raises FixTheCall naming the one that is wrong."""
    usual, keeping = MaintenanceSettings(), Keeping()
    months = _number(settings, "DATAQ_KEEP_MONTHS", -1)
    return MaintenanceSettings(
        seconds=_number(settings, "DATAQ_MAINTENANCE_SECONDS", usual.seconds),
        bytes=parse_size(settings.get("DATAQ_MAINTENANCE_BYTES") or str(usual.bytes)),
        keeping=Keeping(
            all_days=_number(settings, "DATAQ_KEEP_ALL_DAYS", keeping.all_days),
            daily_days=_number(settings, "DATAQ_KEEP_DAILY_DAYS", keeping.daily_days),
            months=None if months < 0 else int(months),
        ),
        crons={task: settings[name].strip() for task, name in CRONS.items() if settings.get(name)},
    )


def parse_size(text: str) -> int:
    """Bytes, from text like 500MB, 20GB or 1000; raises FixTheCall."""
    match = _SIZE.fullmatch(text.strip())
    if match is None:
        raise FixTheCall(f"{text[:32]!r} is no size: write 500MB or 20GB")
    return int(float(match[1]) * _FACTORS[match[2].upper()])


def _number(settings: Mapping[str, str], name: str, usual: float) -> float:
    text = settings.get(name) or str(usual)
    try:
        return float(text)
    except ValueError:
        raise FixTheCall(f"{name} is {text[:32]!r}: write a number") from None
