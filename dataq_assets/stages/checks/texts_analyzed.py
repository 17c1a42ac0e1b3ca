"""Every text was made by an analysis that says so."""

from __future__ import annotations

from dataq_assets.stages.check import Verdict, none_of
from dataq_lake.lake import Lake

ASSET = ("texts",)
TABLES = ("texts", "analyses")


def verdict(lake: Lake) -> Verdict:
    """The texts that no analysis names."""
    texts = lake.table("texts").scan(["id"])
    analyses = lake.table("analyses").scan(["text_id"])
    stray = texts.join(analyses, left_on="id", right_on="text_id", how="anti")
    return none_of(stray, "texts that no analysis names")
