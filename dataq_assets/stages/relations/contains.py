"""A container and each of its members: an archive its files, a mailbox its mails."""

from __future__ import annotations

import polars as pl

from dataq_assets.stages.members import members
from dataq_assets.stages.relation import Relating

READS = ("assets", "entities")
VERSION = "1"


def edges(relating: Relating) -> pl.LazyFrame:
    """From the container to the member; what is attached to a mail is `attached_to` it."""
    found = members(relating.lake, in_mails=False, method="member")
    return found.rename({"source_id": "target_id", "target_id": "source_id"})
