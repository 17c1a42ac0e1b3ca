"""A time that the item cannot have."""

from __future__ import annotations

from dataq_assets.stages.rule import Candidate, GateSettings

CATEGORY = "metadata"
SEVERITY = "warning"
ORDER = 30

DAY_US = 86_400 * 1_000_000
# What a timestamp column and every reader of it can hold: years 1 to 9999.
EARLIEST_US = -62_135_596_800 * 1_000_000
LATEST_US = 253_402_300_799 * 1_000_000


def broken(candidate: Candidate, settings: GateSettings) -> str | None:
    """How far off; a little ahead is a clock, not a lie."""
    time = candidate.timestamp_us
    if time is None:
        return None
    if not EARLIEST_US <= time <= LATEST_US:
        return f"its time ({time} µs since 1970) is no date of the years 1 to 9999"
    ahead = (time - candidate.observed_us) / DAY_US
    if ahead <= settings.future_days:
        return None
    return f"its time is {ahead:.0f} days after it was observed, {settings.future_days} are allowed"
