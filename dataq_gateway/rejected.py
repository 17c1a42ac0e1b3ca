"""Reads the quarantine table, and marks rows of it for another try."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

import polars as pl

from dataq_gateway.errors import NotFound

if TYPE_CHECKING:
    from dataq_lake.lake import Lake


def rejected(
    lake: Lake, state: str | None, filters: Mapping[str, str | None]
) -> list[dict[str, Any]]:
    """Quarantine rows in `state` (None: any) whose columns equal `filters`, newest first."""
    wanted = {**filters, "state": state}
    tests = [pl.col(name) == value for name, value in wanted.items() if value]
    rows = lake.table("quarantine").scan().filter(*tests)
    return rows.sort("updated_at", "id", descending=[True, False]).collect().to_dicts()


def one_rejected(lake: Lake, row_id: str) -> dict[str, Any]:
    """The row called `row_id`; raises NotFound."""
    rows = lake.table("quarantine").scan().filter(pl.col("id") == row_id).collect().to_dicts()
    if not rows:
        raise NotFound(f"no quarantine row {row_id}", do="dataq quarantine list names them")
    return rows[0]


def mark_for_replay(
    lake: Lake, ids: Collection[str], filters: Mapping[str, str | None]
) -> list[str]:
    """Give the chosen open rows the state `replay`; the next run tries them again."""
    raise NotImplementedError
