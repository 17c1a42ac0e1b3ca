"""Rows of quarantine: what was rejected, and how that ends."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from dataq_assets.stages.arrow import batch_of
from dataq_assets.stages.rule import Rejection
from dataq_lake.difference import Difference
from dataq_lake.ids import make_id
from dataq_lake.lake import Lake


def rejected(
    stage: str,
    rejection: Rejection,
    subject: Mapping[str, Any],
    run_id: str,
    now_us: int,
    before: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """An open row; `before` is the row of an earlier attempt, which it replaces.

    `subject` has item_id, source, source_id and, where there is one, asset_id.
    """
    return {
        "id": quarantine_id(stage, subject),
        "item_id": subject["item_id"],
        "asset_id": subject.get("asset_id"),
        "source": subject["source"],
        "source_id": subject["source_id"],
        "stage": stage,
        "rule": rejection.rule,
        "category": rejection.category,
        "severity": rejection.severity,
        "reason": rejection.reason,
        "attempts": before["attempts"] + 1 if before else 1,
        "state": "open",
        "created_at": before["created_at"] if before else now_us,
        "updated_at": now_us,
        "run_id": run_id,
    }


def resolved(before: Mapping[str, Any], run_id: str, now_us: int) -> dict[str, Any]:
    """The row of something that passed at last."""
    return {
        **before,
        "state": "resolved",
        "attempts": before["attempts"] + 1,
        "updated_at": now_us,
        "run_id": run_id,
    }


def replaced(rows: list[dict[str, Any]]) -> Difference:
    """The rows, in the place of those that have the same ids."""
    return Difference([batch_of("quarantine", rows)], [row["id"] for row in rows])


def quarantine_id(stage: str, subject: Mapping[str, Any]) -> str:
    """One row a stage and thing, however often it is rejected."""
    return make_id("quarantine", stage, subject["item_id"], subject.get("asset_id"))


def rows_of(lake: Lake, stage: str) -> pl.LazyFrame:
    """The rows of one stage."""
    return lake.table("quarantine").scan().filter(pl.col("stage") == stage)
