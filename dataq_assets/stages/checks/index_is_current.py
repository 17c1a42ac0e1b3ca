"""The newest snapshot holds exactly the segments that are current."""

from __future__ import annotations

import polars as pl

from dataq_assets.stages.check import Verdict
from dataq_assets.stages.current import current_segments
from dataq_lake.lake import Lake

ASSET = ("snapshots",)
TABLES = ("snapshots", "entities", "segments", "analyses")


def verdict(lake: Lake) -> Verdict:
    """How many segments there are and how many the snapshot counts."""
    # By sequence, not by time: the clock may have gone back between two publications.
    sequence = pl.col("manifest").str.json_path_match("$.sequence").cast(pl.Int64)
    snapshots = lake.table("snapshots").scan(["manifest", "segments"]).sort(sequence)
    newest = snapshots.select("segments").tail(1).collect()["segments"]
    indexed = int(newest[0]) if len(newest) else 0
    segments = current_segments(lake, lake.table("segments").scan(["asset_id", "text_id"]))
    current = int(segments.select(pl.len()).collect(engine="streaming").item())
    facts = {"indexed": indexed, "current": current}
    if indexed == current:
        return Verdict(True, facts=facts)
    return Verdict(False, f"the snapshot has {indexed} segments, {current} are current", facts)
