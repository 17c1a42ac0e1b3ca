"""No source is silent for much longer than it ever was: its plugin may look in the wrong place."""

from __future__ import annotations

from datetime import UTC, datetime

import polars as pl

from dataq_assets.stages.check import Verdict, few_of
from dataq_assets.stages.observations import hourly
from dataq_lake.lake import Lake

ASSET = ("items",)
TABLES = ("raw",)
SEVERITY = "warning"
LAST = 20
ENOUGH = 5
TIMES = 3
LEAST_HOURS = 24
ENDED_HOURS = 90 * 24
"""So long after its time a source counts as one that is not used any more."""


def verdict(lake: Lake) -> Verdict:
    """The sources with nothing new for three times their longest pause, and for a day at least."""
    return silent(hourly(lake), datetime.now(UTC))


def silent(hours: pl.DataFrame, now: datetime) -> Verdict:
    """Of the counts of `hourly`: the longest pause is that among a source's last 20."""
    pause = pl.col("hour").diff().drop_nulls().tail(LAST).dt.total_hours()
    bound = (pl.col("longest_pause_hours") * TIMES).clip(LEAST_HOURS)
    told = hours.group_by("source", maintain_order=True).agg(
        pl.col("hour").last().alias("newest"),
        pause.len().alias("pauses"),
        pause.max().alias("longest_pause_hours"),
    )
    found = told.with_columns(
        (pl.lit(now) - pl.col("newest")).dt.total_hours().alias("silent_hours")
    ).filter(
        (pl.col("pauses") >= ENOUGH)
        & (pl.col("silent_hours") > bound)
        & (pl.col("silent_hours") < bound + ENDED_HOURS)
    )
    told_as = "{source} is silent for {silent_hours} hours, before at most {longest_pause_hours}"
    return few_of(found.drop("pauses"), told_as)
