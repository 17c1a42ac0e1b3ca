"""What is on record of a destination, and the rows that record more."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import polars as pl
import pyarrow as pa

from dataq_lake.lake import Lake
from dataq_lake.schemas import TABLES

TABLE = TABLES["deliveries"]
WAITING = ("planned", "replay")


@dataclass(frozen=True)
class Record:
    """One delivery as it stands: its last step, and the keys of its rows."""

    id: str
    step: int
    row_ids: tuple[str, ...]


@dataclass(frozen=True)
class Records:
    """The deliveries of one destination."""

    lake: Lake
    destination: str

    def taken(self) -> pl.LazyFrame:
        """Column `row_ids`: the key of every row that was ever planned."""
        planned = self._steps().filter(pl.col("step") == 0)
        return planned.select(pl.col("row_ids").explode()).unique()

    def waiting(self) -> Iterator[Record]:
        """Deliveries that were planned or are to be repeated, the oldest first."""
        last = self.latest().filter(pl.col("state").is_in(WAITING)).select("id", "step")
        planned = self._steps().filter(pl.col("step") == 0).select("id", "row_ids", "recorded_at")
        found = last.join(planned, on="id").sort("recorded_at", "id")
        for row in found.collect().iter_rows(named=True):
            yield Record(row["id"], row["step"], tuple(row["row_ids"]))

    def latest(self) -> pl.LazyFrame:
        """The last step of every delivery, without the keys of its rows."""
        steps = self._steps().select(pl.exclude("row_ids"))
        return steps.sort("step").group_by("id", maintain_order=True).last()

    def watermark(self) -> int | None:
        """The version of the table of which every row was planned, None before there is one."""
        found = self._steps().select(pl.col("watermark").max()).collect().item()
        return None if found is None else int(found)

    def _steps(self) -> pl.LazyFrame:
        return (
            self.lake.table("deliveries").scan().filter(pl.col("destination") == self.destination)
        )


def recorded(steps: Iterable[dict[str, Any]], at: datetime, run_id: str) -> pa.RecordBatch:
    """Rows of the table `deliveries`."""
    rows = [{**step, "recorded_at": at, "run_id": run_id} for step in steps]
    return pa.RecordBatch.from_pylist(rows, schema=TABLE.schema)
