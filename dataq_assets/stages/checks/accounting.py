"""Every distinct upsert of raw is an item or an open row of quarantine, and never both."""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from dataq_assets.stages.check import Verdict, none_of, together
from dataq_lake.lake import Lake
from dataq_lake.slice import Slice

ASSET = ("items",)
TABLES = ("raw", "items", "quarantine")
BLOCKING = True


def verdict(lake: Lake) -> Verdict:
    """What is counted twice, what is lost, what came from nowhere, and what is there repeatedly."""
    raw = Slice(lake, "raw").scan(["item_id", "op"]).filter(pl.col("op") == "upsert")
    upserts = raw.select("item_id").unique()
    items = lake.table("items").scan(["item_id"])
    quarantine = lake.table("quarantine").scan(["item_id", "stage", "state"])
    held = quarantine.filter((pl.col("stage") == "gate") & (pl.col("state") != "resolved")).select(
        "item_id"
    )
    both = pl.concat([items, held])
    counted = {"upserts": upserts, "items": items, "quarantined": held}
    wrong = {
        "counted_twice": items.join(held, on="item_id", how="semi"),
        "lost": upserts.join(both, on="item_id", how="anti"),
        "stray": both.join(upserts, on="item_id", how="anti"),
    }
    frames = [each.select(pl.len()) for each in (counted | wrong).values()]
    sizes = [int(each.item()) for each in pl.collect_all(frames, engine="streaming")]
    facts = dict(zip(counted | wrong, sizes, strict=True))
    if not any(facts[name] for name in wrong):
        if facts["items"] + facts["quarantined"] == facts["upserts"]:
            return Verdict(True, facts=facts)
        wrong["repeated"] = both.filter(pl.col("item_id").is_duplicated())
        facts["repeated"] = facts["items"] + facts["quarantined"] - facts["upserts"]
    told = ", ".join(f"{facts[name]} {name}" for name in wrong if facts[name])
    found = together(*(none_of(frame, name, "item_id") for name, frame in wrong.items()))
    return replace(found, reason=f"of {facts['upserts']} upserts: {told}", facts=facts)
