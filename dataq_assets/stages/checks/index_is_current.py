"""The newest snapshot holds exactly the segments that are current, except those withheld."""

from __future__ import annotations

import polars as pl

from dataq_assets.stages import hashed
from dataq_assets.stages.check import Verdict, none_of, together
from dataq_assets.stages.current import current_segments
from dataq_assets.stages.withheld import without_withheld
from dataq_lake.indexes.manifest import parse_manifest
from dataq_lake.lake import Lake
from dataq_lake.numbered import ROW

ASSET = ("snapshots",)
TABLES = ("snapshots", "entities", "segments", "analyses")


def verdict(lake: Lake) -> Verdict:
    """How many segments there are and how many the snapshot counts; which differ, if these do."""
    # By sequence, not by time: the clock may have gone back between two publications.
    sequence = pl.col("manifest").str.json_path_match("$.sequence").cast(pl.Int64)
    snapshots = lake.table("snapshots").scan(["manifest", "segments"]).sort(sequence)
    newest = snapshots.tail(1).collect()
    indexed = int(newest["segments"][0]) if len(newest) else 0
    current = hashed.current(lake, lake.table("segments").numbered()).height
    facts = {"indexed": indexed, "current": current}
    if indexed == current:
        return Verdict(True, facts=facts)
    return _differing(lake, newest["manifest"].to_list(), facts)


def _differing(lake: Lake, manifest: list[str], facts: dict[str, int]) -> Verdict:
    from dataq_lake.indexes.publish import indexed_segments

    have = pl.DataFrame(schema={"segment_id": pl.String})
    if manifest:
        ids = indexed_segments(lake, parse_manifest(manifest[0]).model)
        have = pl.DataFrame({"segment_id": ids})
    rows = lake.table("segments").numbered()
    want = current_segments(lake, rows.scan(["id", "asset_id", "text_id"]))
    named = want.select(pl.col("id").alias("segment_id"), "asset_id", ROW)
    found = named.collect(engine="streaming")
    missing = found.join(have, on="segment_id", how="anti").sort(ROW)
    due, withheld = without_withheld(lake, rows, missing[ROW].to_numpy())
    missing = missing.join(pl.DataFrame({ROW: due}), on=ROW, how="semi").drop(ROW)
    past = have.join(found, on="segment_id", how="anti")
    broken = together(
        none_of(missing.lazy(), "current segments not in the index", "segment_id"),
        none_of(past.lazy(), "segments in the index that are not current", "segment_id"),
    )
    facts = {**facts, "withheld": sum(withheld.values())}
    if broken.passed:
        reason = f"{facts['withheld']} segments are withheld by {', '.join(withheld)}"
        return Verdict(True, reason if withheld else "", facts)
    start = f"the snapshot has {facts['indexed']} segments, {facts['current']} are current"
    reason = f"{start}: {broken.reason}"
    return Verdict(False, reason, facts, broken.count, broken.rows)
