"""An attachment and its mail."""

from __future__ import annotations

import polars as pl

from dataq_assets.stages.members import members
from dataq_assets.stages.relation import Relating

READS = ("assets", "entities")
VERSION = "1"


def edges(relating: Relating) -> pl.LazyFrame:
    """From the attachment to the mail."""
    return members(relating.lake, in_mails=True, method="attachment")
