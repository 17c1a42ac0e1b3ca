"""An analysis that found text has it in texts."""

from __future__ import annotations

import polars as pl

from dataq_assets.stages.check import Verdict, none_of
from dataq_lake.lake import Lake

ASSET = ("analyses",)
TABLES = ("texts", "analyses")
BLOCKING = True


def verdict(lake: Lake) -> Verdict:
    """The analyses whose text is missing."""
    analyses = lake.table("analyses").scan(["content_hash", "text_id"])
    done = analyses.filter(pl.col("text_id").is_not_null())
    texts = lake.table("texts").scan(["id"])
    missing = done.join(texts, left_on="text_id", right_on="id", how="anti")
    return none_of(missing, "analyses without their text", "content_hash")
