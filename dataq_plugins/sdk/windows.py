"""The calendar windows that items are filed in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from dataq_plugins.sdk.plugin import Granularity, Window


def window_around(seconds: float, granularity: Granularity) -> Window:
    """Return the UTC hour, day, month or year that holds a Unix time of the years 1 to 9998."""
    if granularity in ("hourly", "daily"):
        step = 3600 if granularity == "hourly" else 86400
        start = int(seconds // step) * step
        return Window(start, start + step)
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
    month = moment.month if granularity == "monthly" else 1
    first = datetime(moment.year, month, 1, tzinfo=UTC)
    last = granularity == "yearly" or month == 12
    after = datetime(first.year + 1, 1, 1, tzinfo=UTC) if last else first.replace(month=month + 1)
    return Window(int(first.timestamp()), int(after.timestamp()))
