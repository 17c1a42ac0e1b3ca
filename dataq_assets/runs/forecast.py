"""What doing all of a job again would take, told from what it has taken."""

from __future__ import annotations

import math
import statistics
from typing import Any

import polars as pl

from dataq_lake.lake import Lake, open_lake
from dataq_resources.destinations import one_destination
from dataq_resources.home import Home
from dataq_resources.jobs.store import JobStore


def forecast(home: Home, name: str, windows: int | None = None) -> dict[str, Any]:
    """Items, bytes, requests and minutes (None: no task tells); raises UnknownJob.

    Items are those that the sources of the job have sent, in their last `windows` windows or in
    all. The rate is the median of tasks that have ended well.
    """
    with JobStore(home) as store:
        definition = store.job(name).definition
        ended = store.tasks(name, states=["completed"])
    lake = open_lake(home.lake)
    counts = [_sent(lake, source, windows) for source in definition.sources]
    items, size = (sum(column) for column in zip(*counts, strict=True)) if counts else (0, 0)
    requests = sum(_requests(home, lake, each) for each in definition.destinations)
    rates = [each.told(0)["rate"] for each in ended if each.items + each.rows]
    rows = items or sum(_rows(home, lake, each) for each in definition.destinations)
    minutes = rows / statistics.median(rates) / 60 if rates and rows else None
    return {
        "job": name,
        "windows": windows,
        "items": items,
        "bytes": size,
        "requests": requests,
        "minutes": None if minutes is None else round(minutes, 2),
        "tasks": len(rates),
    }


def _sent(lake: Lake, source: str, windows: int | None) -> tuple[int, int]:
    rows = lake.raw(source).scan(["window", "size", "op"]).filter(pl.col("op") == "upsert")
    by_window = rows.group_by("window").agg(pl.len().alias("items"), pl.col("size").sum())
    found = by_window.sort("window", descending=True).collect()
    chosen = found if windows is None else found.head(windows)
    return int(chosen["items"].sum()), int(chosen["size"].sum())


def _rows(home: Home, lake: Lake, destination: str) -> int:
    return lake.table(one_destination(home, destination).config.table).count()


def _requests(home: Home, lake: Lake, destination: str) -> int:
    """Deliveries of all rows of its table; where it has a query there may be fewer."""
    batch = one_destination(home, destination).config.batch_rows
    return math.ceil(_rows(home, lake, destination) / batch)
