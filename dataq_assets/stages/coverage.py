"""What the published index has of the segments that are current."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import polars as pl

from dataq_assets.stages.current import current_segments
from dataq_assets.stages.withheld import without_withheld
from dataq_lake.indexes.snapshot import Snapshot
from dataq_lake.lake import Lake
from dataq_lake.numbered import ROW


@dataclass(frozen=True)
class Coverage:
    """Counts of segments: current ones, those of them not in the index, those it has too much."""

    current: int
    missing: int
    past: int
    withheld: int

    @property
    def share(self) -> float:
        """The share of the current ones that can be found, 1 where there are none."""
        return 1 - self.missing / self.current if self.current else 1.0

    def as_dict(self) -> dict[str, int]:
        """By name."""
        return asdict(self)


def coverage(lake: Lake, snapshot: Snapshot) -> Coverage:
    """What `snapshot` has; what a blocking check withholds is not missing."""
    rows = lake.table("segments").numbered()
    want = current_segments(lake, rows.scan(["id", "asset_id", "text_id"]))
    current = want.select("id", ROW).collect(engine="streaming")
    have = pl.DataFrame({"id": snapshot.segment_ids()}, schema={"id": pl.String})
    lacking = current.join(have, on="id", how="anti")[ROW].sort().to_numpy()
    due, _ = without_withheld(lake, rows, lacking)
    past = have.join(current, on="id", how="anti").height
    return Coverage(current.height, len(due), past, len(lacking) - len(due))
