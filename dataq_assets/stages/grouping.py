"""Groups of assets from edges between those that are alike, and which stored ones they continue."""

from __future__ import annotations

import math

import polars as pl

from dataq_assets.stages.stars import graph, stars
from dataq_lake.ids import make_id

LEAST = 0.75
SMALLEST = 3
METHOD = "stars@1"
_DIGITS = 6  # of a cosine: more are not the same on every machine


def grouped(edges: pl.DataFrame) -> pl.DataFrame:
    """The members of all groups: center_id, asset_id, strength, is_core; in order of these.

    `edges` has source_id, target_id, strength (cosine). Every member has a cosine of at least LEAST
    to the center, every group at least SMALLEST members, no asset two groups. The core is the
    half (three at least) that is nearest to the center. The order of `edges` does not count.
    """
    pairs = (
        edges.filter(pl.col("strength") >= LEAST, pl.col("source_id") != pl.col("target_id"))
        .select(
            pl.min_horizontal("source_id", "target_id").alias("a"),
            pl.max_horizontal("source_id", "target_id").alias("b"),
            "strength",
        )
        .group_by("a", "b")
        .agg(pl.col("strength").max())
        .sort("a", "b")
    )
    ids = pl.concat([pairs["a"], pairs["b"]]).unique().sort()
    numbers = pl.DataFrame({"id": ids}).with_row_index("number")
    a, b = (
        pairs.join(numbers, left_on=end, right_on="id", how="left", maintain_order="left")["number"]
        for end in ("a", "b")
    )
    made = graph(
        len(ids),
        a.cast(pl.Int64).to_numpy(),
        b.cast(pl.Int64).to_numpy(),
        pairs["strength"].to_numpy(),
    )
    # A little more than the angle itself: an edge of exactly LEAST counts.
    reached = stars(made, math.acos(LEAST) + 1e-9, SMALLEST)
    found = pl.DataFrame(
        {"asset_id": ids, "middle": reached.middle, "angle": reached.angle},
    ).filter(pl.col("middle") >= 0)
    center = pl.Series("center_id", ids).gather(found["middle"])
    members = found.select(
        center, "asset_id", pl.col("angle").cos().round(_DIGITS).clip(LEAST, 1).alias("strength")
    ).sort("center_id", "strength", "asset_id", descending=[False, True, False])
    half = (pl.len().over("center_id") / 2).ceil().clip(lower_bound=SMALLEST)
    return members.with_columns((pl.int_range(pl.len()).over("center_id") < half).alias("is_core"))


def continued(stored: pl.DataFrame, groups: pl.DataFrame) -> pl.DataFrame:
    """The id of each group: center_id, id.

    `stored` has the cores as they were: collection_id, thing_id, created_at; `groups` center_id,
    thing_id, is_core. A group with more than half of a stored core takes over the id; of several
    the one with the most of it, then the oldest. Other ids are made from the core of the group.
    """
    sizes = stored.group_by("collection_id").agg(pl.len().alias("size"), pl.col("created_at").min())
    kept = (
        stored.join(groups, on="thing_id")
        .group_by("collection_id", "center_id")
        .agg(pl.len().alias("common"))
        .join(sizes, on="collection_id")
        .filter(pl.col("common") * 2 > pl.col("size"))
        .sort(
            ["center_id", "common", "created_at", "collection_id"],
            descending=[False, True, False, False],
            nulls_last=True,
        )
        .unique("center_id", keep="first", maintain_order=True)
        .select("center_id", pl.col("collection_id").alias("id"))
    )
    return pl.concat([kept, _founded(groups, kept)])


def _founded(groups: pl.DataFrame, kept: pl.DataFrame) -> pl.DataFrame:
    """Ids for the groups that continue none."""
    new = (
        groups.filter(pl.col("is_core"))
        .join(kept, on="center_id", how="anti")
        .group_by("center_id")
        .agg(pl.col("thing_id").sort())
        .sort("center_id")
    )
    taken, ids = set(kept["id"]), []
    for core in new["thing_id"]:
        id_, more = make_id("collection", *core), 0
        while id_ in taken:  # one that began with the same members has moved on to others
            more += 1
            id_ = make_id("collection", *core, more)
        taken.add(id_)
        ids.append(id_)
    return new.select("center_id", pl.Series("id", ids, pl.String))
