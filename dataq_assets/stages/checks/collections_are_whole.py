"""Collections have a name, a core and three members, each of them current and in no other."""

from __future__ import annotations

import polars as pl

from dataq_assets.stages.check import Verdict, none_of, together
from dataq_lake.lake import Lake

ASSET = ("collections",)
TABLES = ("collections", "collection_members")


def verdict(lake: Lake) -> Verdict:
    """The collections that are not what their members say, and the members that are none.

    That a member is current is asked where nothing has changed since collections were made.
    """
    from dataq_assets.stages.collections import NAME, READS, is_up_to_date
    from dataq_assets.stages.grouping import LEAST, METHOD, SMALLEST
    from dataq_assets.stages.latest import latest

    collections = lake.table("collections").scan(["id", "name", "size", "center_id"])
    members = lake.table("collection_members").scan()
    counted = members.group_by("collection_id").agg(
        pl.len().cast(pl.Int64).alias("members"), pl.col("is_core").sum().alias("core")
    )
    told = collections.join(counted, left_on="id", right_on="collection_id", how="left")
    small = pl.min_horizontal(pl.col("members", "core").fill_null(0)) < SMALLEST
    nameless = pl.col("name").fill_null("") == ""
    wrong = told.filter(small | nameless | (pl.col("members") != pl.col("size")))
    stray = members.join(collections, left_on="collection_id", right_on="id", how="anti")
    far = ~pl.col("strength").is_between(LEAST, 1)
    shared = members.filter(pl.col("asset_id").is_duplicated() | far)
    past = members.join(latest(lake, ["id"]), left_on="asset_id", right_on="id", how="anti")
    if not is_up_to_date(lake, NAME, METHOD, READS):
        past = past.clear()
    return together(
        none_of(wrong, "collections that are not what their members say"),
        none_of(stray, "members of no collection"),
        none_of(shared, "members of two collections, or far from the middle"),
        none_of(past, "members that are not current"),
    )
