"""Brings the table `positions` up to date, and with it the regions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from dataq_assets.stages.likeness.positions import (
    Positions,
    rows_of,
    rows_of_regions,
    stored_positions,
    stored_regions,
    stored_who,
)
from dataq_assets.stages.likeness.regions import Regions, make_regions
from dataq_assets.stages.likeness.standing import WHO, placed, standing
from dataq_assets.stages.likeness.vectors import Vectors
from dataq_assets.stages.relation import Relating, Round
from dataq_lake.difference import Difference
from dataq_lake.lake import Lake

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Gap:
    """The difference between the assets that stand somewhere and the table."""

    kept: pl.DataFrame
    new: pl.DataFrame
    gone: list[str]

    def __bool__(self) -> bool:
        return bool(self.new.height or self.gone)


@dataclass(frozen=True)
class Standing:
    """All assets that stand somewhere, in order of id; which of them are new (n).

    `moved`: their regions are other ones than before.
    """

    positions: Positions
    new: NDArray[np.bool_]
    regions: Regions
    moved: bool

    @property
    def vectors(self) -> Vectors:
        """Where they stand."""
        return Vectors(self.positions.bytes)


def gap(lake: Lake, method: str) -> Gap:
    """What the table lacks, and what it has too much."""
    now = standing(lake)
    stored = stored_who(lake, method)
    kept = now.join(stored.filter("same"), on=WHO, how="semi")
    new = now.join(kept, on="asset_id", how="anti")
    gone = stored.join(kept, on="asset_id", how="anti")["asset_id"].to_list()
    return Gap(kept, new, gone)


def place(relating: Relating, found: Gap, method: str, settled: bool) -> Standing:
    """Where all of them stand; nothing is stored yet.

    Unless it is `settled`, the regions that are stored may be those of positions that are not.
    """
    lake, dimensions = relating.lake, relating.model.dimensions
    regions = stored_regions(lake, method, dimensions)
    parts = [_new(relating, found.new, regions)]
    stored = stored_positions(lake, found.kept)
    if stored is not None:
        parts.append(stored)
    who = pl.concat([each.who for each in parts])
    order = who["asset_id"].arg_sort().to_numpy()
    new = (np.arange(len(order)) < len(parts[0].bytes))[order]
    vectors = np.concatenate([each.bytes for each in parts])[order]
    if settled and regions.fit(len(order)):
        places = np.concatenate([each.regions for each in parts])[order]
        return Standing(Positions(who[order], vectors, places), new, regions, False)
    if not regions.fit(len(order)):
        regions = make_regions(Vectors(vectors))
    places = regions.of(Vectors(vectors))
    moved = stored is None or not np.array_equal(stored.regions, places[~new])
    return Standing(Positions(who[order], vectors, places), new, regions, moved)


def rounds(relating: Relating, found: Gap, standing_: Standing, method: str) -> Iterator[Round]:
    """What brings the tables to this; regions first, for positions are in them."""
    positions, run_id = standing_.positions, relating.run_id
    if standing_.moved:
        past = relating.lake.table("regions").scan(["id"]).collect()["id"].to_list()
        rows = rows_of_regions(standing_.regions, method, run_id)
        yield {"regions": Difference(rows, past)}
        gone = [*found.gone, *found.kept["asset_id"].to_list()]
        yield {"positions": Difference(rows_of(positions, method, run_id), gone)}
    elif found.gone or standing_.new.any():
        new = positions.take(np.flatnonzero(standing_.new))
        yield {"positions": Difference(rows_of(new, method, run_id), found.gone)}


def _new(relating: Relating, assets: pl.DataFrame, regions: Regions) -> Positions:
    whos, vectors = [assets.clear().select(WHO)], [_none(relating.model.dimensions)]
    for who, some in placed(relating, assets):
        whos.append(who)
        vectors.append(some)
    made = Positions(pl.concat(whos), np.concatenate(vectors), np.zeros((0, 0), np.int32))
    return replace(made, regions=regions.of(Vectors(made.bytes)))


def _none(dimensions: int) -> NDArray[np.int8]:
    return np.zeros((0, dimensions), np.int8)
