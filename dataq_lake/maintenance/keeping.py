"""Which snapshots stay: named and kept ones, all of late, then one a day, then one a month."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from dataq_lake.errors import FixTheCall
from dataq_lake.snapshots import SnapshotFacts


@dataclass(frozen=True)
class Keeping:
    """All of the last `all_days`, the last of each day for `daily_days`, of each month after.

    `months` ends that too; None keeps the last of each month for ever. Days are those of UTC.
    """

    all_days: float = 7
    daily_days: float = 31
    months: int | None = None

    def __post_init__(self) -> None:
        if self.all_days < 0 or self.daily_days < 0 or (self.months or 0) < 0:
            raise FixTheCall("snapshots cannot be kept for less than 0 days or months")

    def outlived(self, found: Iterable[SnapshotFacts], now: datetime) -> list[SnapshotFacts]:
        """Those of `found`, all there are, that may go, the oldest first."""
        newest_first = sorted(found, key=lambda each: each.created_at, reverse=True)
        periods: set[str] = set()
        gone = []
        for each in newest_first:
            period = self._period(each, now)
            stays = each.kept or each.current or (period != "" and period not in periods)
            periods.add(period)
            if not stays:
                gone.append(each)
        return gone[::-1]

    def _period(self, facts: SnapshotFacts, now: datetime) -> str:
        """That of which the last stays: itself, its day or month; "" where none does."""
        made = facts.created_at
        age = now - made
        if age <= timedelta(days=self.all_days):
            return facts.id
        if age <= timedelta(days=self.daily_days):
            return made.strftime("%Y-%m-%d")
        months = (now.year - made.year) * 12 + now.month - made.month
        return "" if self.months is not None and months > self.months else made.strftime("%Y-%m")
