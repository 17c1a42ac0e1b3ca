"""Rows written to a lake by hand, for tests of commands that read them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa

from dataq_lake.lake import Lake
from dataq_lake.written import CommitInfo


@dataclass(frozen=True)
class Told:
    """What a command printed, and its exit code."""

    returncode: int
    stdout: str
    stderr: str
    raw: bytes


Command = Callable[..., Told]
NOON = datetime(2026, 5, 19, 12, tzinfo=UTC)


def add_rows(lake: Lake, table: str, *rows: dict[str, Any]) -> None:
    """Append rows; columns that are not named are null."""
    handle = lake.table(table)
    batch = pa.RecordBatch.from_pylist(list(rows), schema=handle.table.schema)
    handle.append([batch], CommitInfo("run-1", table))


def quarantined(row_id: str, **more: Any) -> dict[str, Any]:
    """A row of quarantine."""
    row = {"id": row_id, "item_id": f"item-{row_id}", "source": "inbox", "source_id": "a.txt"}
    row |= {"stage": "gate", "rule": "empty", "reason": "0 bytes", "state": "open", "attempts": 1}
    return {**row, "created_at": NOON, "updated_at": NOON, **more}
