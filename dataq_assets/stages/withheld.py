"""What the search index does not get: the segments of the rows that break a blocking check."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from dataq_assets.stages.check import Check, Verdict, checks_of
from dataq_lake.lake import Lake
from dataq_lake.numbered import ROW

if TYPE_CHECKING:
    from dataq_lake.interface import RowsByNumber
    from dataq_lake.numbered import Numbers

    Judge = Callable[[Check], Verdict]

# Where a segment's own table has the ids that a check names; those of items are in assets.
COLUMNS = {"segment_id": "id", "asset_id": "asset_id", "text_id": "text_id"}


def without_withheld(
    lake: Lake, segments: RowsByNumber, numbers: Numbers, judge: Judge | None = None
) -> tuple[Numbers, dict[str, int]]:
    """Those of the sorted `numbers` of segments that may be published, and how many may not.

    The latter are counted by check, where they break several by each. `judge` gives the verdict
    on a check where somebody has it already.
    """
    withheld: dict[str, int] = {}
    left = numbers
    for check in checks_of(lake.raw_sources()) if len(numbers) else ():
        if not check.blocking:
            continue
        verdict = judge(check) if judge else check.verdict(lake)
        if verdict.passed or verdict.broken is None:
            continue
        held = _numbers(lake, segments, verdict.broken)
        if count := int(np.isin(numbers, held).sum()):
            withheld[check.title] = count
            left = np.setdiff1d(left, held, assume_unique=True)
    return left, withheld


def _numbers(lake: Lake, segments: RowsByNumber, broken: pl.LazyFrame) -> Numbers:
    """The numbers of the segments of broken rows, by whatever ids these have."""
    mine = segments.scan(COLUMNS.values())
    found = [
        mine.join(ids, left_on=COLUMNS[name], right_on=name, how="semi").select(ROW)
        for name, ids in _ids(lake, broken)
    ]
    if not found:
        return np.zeros(0, np.uint32)
    return pl.concat(found).unique().collect(engine="streaming")[ROW].to_numpy()


def _ids(lake: Lake, broken: pl.LazyFrame) -> Iterator[tuple[str, pl.LazyFrame]]:
    columns = broken.collect_schema().names()
    yield from ((name, broken.select(name)) for name in COLUMNS if name in columns)
    if "item_id" in columns:
        assets = lake.table("assets").scan(["id", "item_id"])
        mine = assets.join(broken.select("item_id"), on="item_id", how="semi")
        yield "asset_id", mine.select(pl.col("id").alias("asset_id"))
