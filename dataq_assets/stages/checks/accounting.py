"""Every distinct upsert of raw is an item, an open row of quarantine, or new; never two of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import polars as pl

from dataq_assets.stages.check import Verdict, none_of, together
from dataq_lake.lake import Lake
from dataq_lake.slice import Slice

ASSET = ("items",)
TABLES = ("raw", "items", "quarantine")
BLOCKING = True
LONGEST_WAY = timedelta(days=1)


def verdict(lake: Lake) -> Verdict:
    """What is counted twice, what is lost, what came from nowhere, and what is there repeatedly."""
    raw = Slice(lake, "raw").scan(["item_id", "source", "sequence", "observed_at", "op"])
    raw = raw.filter(pl.col("op") == "upsert")
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
    facts = {**dict(zip(counted | wrong, sizes, strict=True)), "waiting": 0}
    if facts["lost"]:
        lost = _passed_over(raw, both, datetime.now(UTC))
        facts["waiting"] = facts["lost"] - lost.height
        facts["lost"], wrong["lost"] = lost.height, lost.lazy()
    if not any(facts[name] for name in wrong):
        repeated = facts["items"] + facts["quarantined"] + facts["waiting"] - facts["upserts"]
        if not repeated:
            return Verdict(True, facts=facts)
        wrong["repeated"] = both.filter(pl.col("item_id").is_duplicated())
        facts["repeated"] = repeated
    told = ", ".join(f"{facts[name]} {name}" for name in wrong if facts[name])
    found = together(*(none_of(frame, name, "item_id") for name, frame in wrong.items()))
    return replace(found, reason=f"of {facts['upserts']} upserts: {told}", facts=facts)


def _passed_over(upserts: pl.LazyFrame, taken: pl.LazyFrame, now: datetime) -> pl.DataFrame:
    """Those that the gate has not taken though it took later ones of their source, or for a day.

    The others may have come since: raw grows in order, and whoever extracts waits for no gate.
    """
    last = (
        upserts.join(taken, on="item_id", how="semi")
        .group_by("source")
        .agg(pl.col("sequence").max().alias("last"))
    )
    is_old = pl.col("observed_at") < pl.lit(now - LONGEST_WAY)
    return (
        upserts.join(taken, on="item_id", how="anti")
        .join(last, on="source", how="left")
        .filter((pl.col("sequence") < pl.col("last")).fill_null(False) | is_old)
        .select(pl.col("item_id").unique())
        .collect(engine="streaming")
    )
