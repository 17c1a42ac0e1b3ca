"""The text of a segment is what its text has between the segment's offsets."""

from __future__ import annotations

import numpy as np
import polars as pl

from dataq_assets.stages.check import Verdict, none_of
from dataq_assets.stages.offsets import COLUMNS, misplaced
from dataq_lake.lake import Lake
from dataq_lake.table import BATCH_BYTES

ASSET = ("segments",)
TABLES = ("segments", "texts")
BLOCKING = True
SAMPLE = 64


def verdict(lake: Lake) -> Verdict:
    """The last segments that were stored; all of them, once one of these is not in its place.

    Every segment is looked at by `dataq check --deep`.
    """
    segments = lake.table("segments")
    count = segments.count()
    numbers = np.arange(max(0, count - SAMPLE), count, dtype=np.uint32)
    sample = segments.numbered().take(numbers, COLUMNS, BATCH_BYTES)
    facts = {"compared": len(numbers)}
    if not any(True for _ in misplaced(lake, sample)):
        return Verdict(True, facts=facts)
    found = pl.concat(misplaced(lake, segments.batches(COLUMNS)))
    return none_of(found.lazy(), "segments with another text than at their place", "segment_id")
