"""Every distinct upsert of raw is an item or an open row of quarantine, and never both."""

from __future__ import annotations

import polars as pl

from dataq_assets.stages.check import Verdict
from dataq_lake.lake import Lake
from dataq_lake.slice import Slice

ASSET = ("items",)
TABLES = ("raw", "items", "quarantine")


def verdict(lake: Lake) -> Verdict:
    """What is lost and what is counted twice."""
    raw = Slice(lake, "raw").scan(["item_id", "op"]).filter(pl.col("op") == "upsert")
    upserts = raw.select("item_id").unique()
    items = lake.table("items").scan(["item_id"])
    quarantine = lake.table("quarantine").scan(["item_id", "stage", "state"])
    held = quarantine.filter((pl.col("stage") == "gate") & (pl.col("state") != "resolved")).select(
        "item_id"
    )
    counts = [upserts, items, held, items.join(held, on="item_id", how="semi")]
    both = pl.concat([items, held])
    lost = upserts.join(both, on="item_id", how="anti")
    stray = both.join(upserts, on="item_id", how="anti")
    frames = pl.collect_all(
        [each.select(pl.len()) for each in (*counts, lost, stray)], engine="streaming"
    )
    sizes = [int(frame.item()) for frame in frames]
    names = ("upserts", "items", "quarantined", "counted_twice", "lost", "stray")
    facts = dict(zip(names, sizes, strict=True))
    if not any(sizes[3:]):
        return Verdict(True, facts=facts)
    wrong = ", ".join(f"{count} {name}" for name, count in list(facts.items())[3:] if count)
    return Verdict(False, f"of {sizes[0]} upserts: {wrong}", facts)
