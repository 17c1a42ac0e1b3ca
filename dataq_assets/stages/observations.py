"""How many rows each source sent when, by what its raw table says."""

from __future__ import annotations

from typing import Any

import polars as pl

from dataq_lake.lake import Lake

HOUR_US = 3_600_000_000
SCHEMA: dict[str, Any] = {
    "source": pl.String,
    "hour": pl.Datetime("us", "UTC"),
    "rows": pl.UInt32,
}


def hourly(lake: Lake) -> pl.DataFrame:
    """The hours in which a source sent something, in order: source, hour (UTC), rows."""
    hour = (pl.col("observed_at").dt.epoch("us") // HOUR_US).alias("hour")
    counted = [
        lake.raw(source)
        .scan(["observed_at"])
        .group_by(hour)
        .agg(pl.len().alias("rows"))
        .select(pl.lit(source).alias("source"), "hour", "rows")
        for source in lake.raw_sources()
    ]
    if not counted:
        return pl.DataFrame(schema=SCHEMA)
    time = pl.from_epoch(pl.col("hour") * HOUR_US, "us").dt.replace_time_zone("UTC")
    found = pl.concat(counted).with_columns(time.alias("hour"))
    return found.sort("source", "hour").collect(engine="streaming")
