"""Reads the quarantine table, and marks rows of it for another try."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import polars as pl
import pyarrow as pa

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
    """Give the chosen open rows the state `replay` and return their ids; raises NotFound.

    This is a person's decision and no asset's result, so it is the one write outside of a run.
    """
    from dataq_lake.difference import Difference
    from dataq_lake.written import CommitInfo

    chosen = rejected(lake, "open", filters)
    if unknown := sorted(set(ids) - {row["id"] for row in chosen}):
        raise NotFound(
            f"no open quarantine row {unknown[0]}", do="dataq quarantine list names them"
        )
    if ids:
        chosen = [row for row in chosen if row["id"] in set(ids)]
    if chosen:
        table = lake.table("quarantine")
        now = datetime.now(UTC)
        rows = [{**row, "state": "replay", "updated_at": now} for row in chosen]
        batch = pa.RecordBatch.from_pylist(rows, schema=table.table.schema)
        gone = [row["id"] for row in chosen]
        table.apply(Difference([batch], gone), CommitInfo(asset="quarantine replay"))
    return [row["id"] for row in chosen]
