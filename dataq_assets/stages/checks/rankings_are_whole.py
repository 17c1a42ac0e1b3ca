"""What is in force is a ranking that there is, and no judgement is out of its bounds."""

from __future__ import annotations

import polars as pl

from dataq_assets.stages.check import Verdict, none_of, together
from dataq_lake.lake import Lake

ASSET = ("rankings",)
TABLES = ("rankings", "ranking_judgements", "ranking_uses")


def verdict(lake: Lake) -> Verdict:
    """Uses of a version that is not there, and judgements beyond -1 and 1 or of nobody."""
    versions = lake.table("rankings").scan(["version"])
    uses = lake.table("ranking_uses").scan(["id", "version"]).drop_nulls("version")
    said = lake.table("ranking_judgements").scan(["id", "ranking_id", "value", "votes"])
    wrong = ~pl.col("value").is_between(-1, 1).fill_null(False) | (pl.col("votes") < 1)
    return together(
        none_of(
            uses.join(versions, on="version", how="anti"), "uses of a ranking that is not there"
        ),
        none_of(said.filter(wrong), "judgements out of their bounds"),
    )
