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
    keys = {
        table: lake.table(table).scan([key]).select(pl.col(key).alias(name))
        for table, (key, name) in KEYS.items()
    }
    # As hashes first: eight bytes a key, and two that fall together are only looked at again.
    counts = [frame.select(pl.len() - pl.all().hash().n_unique()) for frame in keys.values()]
    twice = [int(each.item()) for each in pl.collect_all(counts, engine="streaming")]
    return together(
        *(
            _repeated(frame, table)
            for (table, frame), repeats in zip(keys.items(), twice, strict=True)
            if repeats
        )
    )


def _repeated(keys: pl.LazyFrame, table: str) -> Verdict:
    name = KEYS[table][1]
    rows = keys.group_by(name).agg(pl.len().alias("times")).filter(pl.col("times") > 1)
    return none_of(rows, f"keys of {table} that are there more than once", name)
