"""No asset and no segment is in its table twice."""

from __future__ import annotations

import polars as pl

from dataq_assets.stages.check import Verdict, none_of, together
from dataq_lake.lake import Lake

ASSET = ("segments",)
TABLES = ("assets", "segments")
BLOCKING = True
KEYS = {
    "assets": ("id", "asset_id"),
    "segments": ("id", "segment_id"),
}


def verdict(lake: Lake) -> Verdict:
    """The keys that are there more than once. Those of items are counted by `accounting`."""
    return together(*(_repeated(lake, table) for table in KEYS))


def _repeated(lake: Lake, table: str) -> Verdict:
    key, name = KEYS[table]
    # As hashes first: two that fall together are only looked at again.
    hashes = lake.table(table).numbered().hashes([key])[key]
    if hashes.n_unique() == len(hashes):
        return Verdict(True)
    keys = lake.table(table).scan([key]).select(pl.col(key).alias(name))
    rows = keys.group_by(name).agg(pl.len().alias("times")).filter(pl.col("times") > 1)
    return none_of(rows, f"keys of {table} that are there more than once", name)
