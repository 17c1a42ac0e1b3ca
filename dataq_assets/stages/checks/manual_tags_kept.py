"""What people have said of tags holds, and what taggers say is sure."""

from __future__ import annotations

import polars as pl

from dataq_assets.stages.check import Verdict, none_of, together
from dataq_lake.lake import Lake

ASSET = ("tags",)
TABLES = ("tags", "manual_tags")


def verdict(lake: Lake) -> Verdict:
    """The tags that are lacking though added, or there though removed, and those that are unsure.

    The first two are asked where nothing has changed since tags were made.
    """
    from dataq_assets.stages.tagger import all_taggers
    from dataq_assets.stages.tags import LEAST, is_told

    tags = lake.table("tags").scan(["id", "entity_id", "tag", "confidence", "method"])
    sure = (pl.col("confidence") > LEAST) & (pl.col("confidence") <= 1)
    unsure = tags.filter(pl.col("id").is_duplicated() | ~sure)
    verdicts = [none_of(unsure, "tags that are there twice, or not sure")]
    if all(is_told(lake, tagger) for tagger in all_taggers()):
        verdicts += _said(lake, tags)
    return together(*verdicts)


def _said(lake: Lake, tags: pl.LazyFrame) -> list[Verdict]:
    from dataq_assets.stages.taggers.manual import things

    said = lake.table("manual_tags").scan(["id", "thing_id", "tag", "state"])
    told = said.join(things(lake), on="thing_id")
    held = tags.select("entity_id", "tag", "method")
    by_hand = held.filter(pl.col("method") == "manual")
    pair = ["entity_id", "tag"]
    added = told.filter(pl.col("state") == "added").join(by_hand, on=pair, how="anti")
    removed = told.filter(pl.col("state") == "removed").join(held, on=pair, how="semi")
    return [
        none_of(added, "tags that somebody added and that are not there"),
        none_of(removed, "tags that somebody removed and that are there"),
    ]
