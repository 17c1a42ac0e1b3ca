"""Brings the table `positions` up to date, and with it the regions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from dataq_assets.stages.likeness.positions import (
    Positions,
    read_vectors,
    rows_of,
    rows_of_regions,
    stored_places,
    stored_regions,
)
from dataq_assets.stages.likeness.regions import Regions, make_regions
from dataq_assets.stages.likeness.standing import WHO, placed, standing, who_of
from dataq_assets.stages.likeness.vectors import Vectors
from dataq_assets.stages.relation import Relating, Round
from dataq_lake.difference import Difference
from dataq_lake.hashes import hash64
from dataq_lake.lake import Lake
from dataq_lake.numbered import ROW, values_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dataq_lake.numbered import Numbers


@dataclass(frozen=True)
class Gap:
    """The difference between the assets that stand somewhere and the table `positions`.

    `kept`: the sorted numbers of the rows of the table that stay. `new` is WHO the table lacks, in
    order of id.
    """

    kept: Numbers
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

    @cached_property
    def vectors(self) -> Vectors:
        """Where they stand."""
        return Vectors(self.positions.bytes)


def gap(lake: Lake, method: str) -> Gap:
    """What the table lacks, and what it has too much."""
    now = standing(lake)
    rows = lake.table("positions").numbered()
    stored = rows.hashes([*WHO, "method"])
    kept = stored.filter(pl.col("method") == hash64(method)).join(now, on=WHO, how="semi")
    new = now.join(kept, on="asset_id", how="anti")
    past = stored.join(kept, on=ROW, how="anti")
    gone = values_of(rows, past[ROW], "asset_id").to_list()
    return Gap(kept[ROW].sort().to_numpy(), who_of(lake, new), gone)


def place(relating: Relating, found: Gap, method: str, settled: bool) -> Standing:
    """Where all of them stand; nothing is stored yet.

    Unless it is `settled`, the regions that are stored may be those of positions that are not.
    """
    lake, dimensions = relating.lake, relating.model.dimensions
    regions = stored_regions(lake, method, dimensions)
    stored, stored_in = stored_places(lake, found.kept)
    more = _new(relating, found.new, regions)
    who = pl.concat([stored, more.who])
    order = who["asset_id"].arg_sort().to_numpy()
    place = np.empty_like(order)
    place[order] = np.arange(len(order))
    old, new = place[: stored.height], place[stored.height :]
    is_new = np.ones(len(order), np.bool_)
    is_new[old] = False
    vectors = np.empty((len(order), dimensions), np.int8)
    read_vectors(lake, found.kept, vectors, old)
    vectors[new] = more.bytes
    if settled and regions.fit(len(order)):
        places = np.empty((len(order), more.regions.shape[1]), np.int32)
        places[old], places[new] = stored_in, more.regions
        return Standing(Positions(who[order], vectors, places), is_new, regions, False)
    if not regions.fit(len(order)):
        regions = make_regions(Vectors(vectors))
    places = regions.of(Vectors(vectors))
    moved = not len(old) or not np.array_equal(stored_in, places[old])
    return Standing(Positions(who[order], vectors, places), is_new, regions, moved)


def rounds(relating: Relating, found: Gap, standing_: Standing, method: str) -> Iterator[Round]:
    """What brings the tables to this; regions first, for positions are in them."""
    positions, run_id = standing_.positions, relating.run_id
    if standing_.moved:
        past = relating.lake.table("regions").scan(["id"]).collect()["id"].to_list()
        rows = rows_of_regions(standing_.regions, method, run_id)
        yield {"regions": Difference(rows, past)}
        kept = positions.who.filter(pl.Series(~standing_.new))["asset_id"].to_list()
        gone = [*found.gone, *kept]
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
