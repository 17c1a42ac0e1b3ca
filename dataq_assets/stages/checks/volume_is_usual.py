"""No source sent ten times what it usually does in an hour, nor a tenth of it."""

from __future__ import annotations

from datetime import UTC, datetime

import polars as pl

from dataq_assets.stages.check import Verdict, few_of
from dataq_assets.stages.observations import hourly
from dataq_lake.lake import Lake

ASSET = ("items",)
TABLES = ("raw",)
SEVERITY = "warning"
LAST = 30
ENOUGH = 8
DEVIATIONS = 5 * 1.4826  # a median of deviations as one of a normal distribution, five times
LEAST = 1.0


def verdict(lake: Lake) -> Verdict:
    """The sources whose newest hour with rows is unlike those before."""
    return unusual(hourly(lake), datetime.now(UTC))


def unusual(hours: pl.DataFrame, now: datetime) -> Verdict:
    """Of the counts of `hourly`: by the logarithm to 10 of the last 30 hours before, of 8 at least.

    One is unusual from a factor of ten on, and from five deviations. The hour that still goes on
    can be too much already, but not yet too little.
    """
    found = []
    for (source,), mine in hours.group_by("source", maintain_order=True):
        before = mine["rows"].tail(LAST + 1).head(-1)
        if len(before) < ENOUGH:
            continue
        middle = before.log10().median()
        hour, rows = mine.select("hour", "rows").row(-1)
        spread = (before.log10() - middle).abs().median()
        bound = max(LEAST, DEVIATIONS * float(spread))  # type: ignore[arg-type]
        usual = 10 ** float(middle)  # type: ignore[arg-type]
        goes_on = hour == now.replace(minute=0, second=0, microsecond=0)
        factor = 10**bound
        if rows > usual * factor or (rows < usual / factor and not goes_on):
            row = {"source": source, "hour": hour, "rows": rows, "usual": round(usual)}
            found.append(row)
    return few_of(pl.DataFrame(found), "{source} sent {rows} rows in an hour, usual are {usual}")
