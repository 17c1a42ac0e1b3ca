"""What stands today for what was judged once: versions change, what is the same is carried on."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from dataq_lake.feedback.voting import Carried
    from dataq_lake.indexes.snapshot import Snapshot
    from dataq_lake.lake import Lake


def carried(lake: Lake, snapshot: Snapshot, ids: Iterable[str]) -> Carried:
    """For each of `ids` (segments, assets) the one that stands for it, with its asset.

    An asset is its latest version; a segment that is not in `snapshot` is one with the same text
    in the latest version of its asset. What is gone is left out.
    """
    wanted = pl.DataFrame({"id": sorted(set(ids))}, schema={"id": pl.String})
    if wanted.is_empty():
        return {}
    known = lake.table("segments").scan(["id", "asset_id", "text_hash", "sequence_number"])
    segments = known.join(wanted.lazy(), on="id", how="semi").collect(engine="streaming")
    latest = _latest(lake, pl.concat([wanted["id"], segments["asset_id"]]))
    here = {id_: (latest[id_], latest[id_]) for id_ in wanted["id"] if id_ in latest}
    mine = segments.filter(pl.col("asset_id").is_in(list(latest)))
    for row in mine.iter_rows(named=True):
        if latest[row["asset_id"]] == row["asset_id"] and snapshot.has(row["id"]):
            here[row["id"]] = (row["id"], row["asset_id"])
    left = mine.filter(~pl.col("id").is_in(list(here)))
    return here | _same_text(known, left, latest, snapshot)


def _latest(lake: Lake, assets: pl.Series) -> dict[str, str]:
    """The latest version of each asset, of those that have one."""
    entities = lake.table("entities").scan(["id", "version_of", "is_latest"])
    mine = entities.join(pl.LazyFrame({"id": assets.unique()}), on="id", how="semi")
    now = entities.filter(pl.col("is_latest")).select(pl.col("id").alias("now"), "version_of")
    found = mine.join(now, on="version_of").select("id", "now").collect(engine="streaming")
    return dict(found.iter_rows())


def _same_text(
    known: pl.LazyFrame, left: pl.DataFrame, latest: dict[str, str], snapshot: Snapshot
) -> dict[str, tuple[str, str]]:
    if left.is_empty():
        return {}
    wanted = left.select(
        pl.col("id").alias("old"), pl.col("asset_id").replace(latest), "text_hash"
    ).lazy()
    found = known.join(wanted, on=["asset_id", "text_hash"]).sort("sequence_number", "id")
    here: dict[str, tuple[str, str]] = {}
    for row in found.collect(engine="streaming").iter_rows(named=True):
        if row["old"] not in here and snapshot.has(row["id"]):
            here[row["old"]] = (row["id"], row["asset_id"])
    return here
