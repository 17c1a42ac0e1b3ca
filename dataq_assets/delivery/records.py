"""What is on record of a destination, and the rows that record more."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

import polars as pl
import pyarrow as pa

from dataq_lake.lake import Lake
from dataq_lake.reading import polars_schema
from dataq_lake.schemas import TABLES

TABLE = TABLES["deliveries"]
WAITING = ("planned", "replay")
SUPERSEDED = "superseded"
STEPS = ("id", "step", "state", "sequence", "watermark")


@dataclass(frozen=True)
class Record:
    """One delivery as it stands: its last step, the keys of its rows, and what these were.

    `sequence` and `row_hashes` are None where only new rows are delivered.
    """

    id: str
    step: int
    row_ids: tuple[str, ...]
    sequence: int | None
    row_hashes: tuple[str, ...] | None


@dataclass(frozen=True)
class Records:
    """The deliveries of one destination, as they are when they are first asked for."""

    lake: Lake
    destination: str

    def taken(self, superseded: Collection[str] = ()) -> pl.LazyFrame:
        """Column `row_ids`: the key of every row that was ever planned.

        Not those of deliveries that were superseded, by their record or by being named here.
        """
        counting = self._planned().join(self._superseded(superseded), on="id", how="anti")
        return counting.select(pl.col("row_ids").explode()).unique()

    def sent(self, superseded: Collection[str] = ()) -> pl.DataFrame:
        """What each key was planned as last: key, hash, sequence.

        `hash` is "" for one that was to go, and null where nobody knows what the receiver has:
        the delivery was superseded, as in `taken`, or it was not of changes.
        """
        of = ["row_ids", "row_hashes", "sequence"]
        vague = self._superseded(superseded).with_columns(vague=True)
        known = pl.col("row_hashes").is_not_null() & pl.col("vague").is_null()
        planned = self._planned().join(vague, on="id", how="left")
        told = planned.filter(known).select(of).explode("row_ids", "row_hashes")
        untold = planned.filter(~known).select(of).explode("row_ids")
        nothing = pl.lit(None, pl.String).alias("row_hashes")
        both = pl.concat([untold.with_columns(nothing), told])
        last = both.sort("sequence", nulls_last=False).unique("row_ids", keep="last")
        return last.rename({"row_ids": "key", "row_hashes": "hash"}).collect()

    def sequence(self) -> int:
        """The highest of any delivery, 0 before there is one."""
        return int(self._steps["sequence"].max() or 0)  # type: ignore[arg-type]

    def waiting(self) -> Iterator[Record]:
        """Deliveries that were planned or are to be repeated, the oldest first."""
        last = _latest(self._steps.lazy()).filter(pl.col("state").is_in(WAITING)).collect()
        if last.is_empty():
            return
        columns = ["id", "row_ids", "recorded_at", "sequence", "row_hashes"]
        planned = last.lazy().select("id", "step").join(self._planned().select(columns), on="id")
        order = ["sequence", "recorded_at", "id"]
        for row in planned.sort(order, nulls_last=False).collect().iter_rows(named=True):
            hashes = None if row["row_hashes"] is None else tuple(row["row_hashes"])
            yield Record(row["id"], row["step"], tuple(row["row_ids"]), row["sequence"], hashes)

    def latest(self) -> pl.LazyFrame:
        """The last step of every delivery, without the keys of its rows."""
        return _latest(self._mine().select(pl.exclude("row_ids", "row_hashes")))

    def watermark(self, *, changes: bool = False) -> int | None:
        """The version of the table of which every row was planned, None before there is one.

        Of changes it is one that was planned after everything that was superseded: until then
        rows of that may not be planned again, though the table is as it was.
        """
        planned = self._steps.filter(step=0).filter(pl.col("sequence").is_not_null() == changes)
        if changes:
            lost = planned.join(self._superseded(()).collect(), on="id", how="semi")
            last = lost["sequence"].max() or 0
            planned = planned.filter(pl.col("sequence") > last)
        found = planned["watermark"].max()
        return None if found is None else int(found)  # type: ignore[arg-type]

    def _superseded(self, more: Collection[str]) -> pl.LazyFrame:
        """The ids of deliveries that will not be sent any more, for others carry their rows."""
        gone = self._steps.lazy().filter(pl.col("state") == SUPERSEDED).select("id")
        return pl.concat([gone, pl.LazyFrame({"id": list(more)}, {"id": pl.String})])

    def _planned(self) -> pl.LazyFrame:
        """With the keys of rows, read only where anything was ever planned."""
        if self._steps.is_empty():
            return pl.LazyFrame(schema=polars_schema(TABLE.schema))
        return self._mine().filter(pl.col("step") == 0)

    @cached_property
    def _steps(self) -> pl.DataFrame:
        """Every step without what is large, read once: all of a run's questions stand on it."""
        return self._mine().select(STEPS).collect()

    def _mine(self) -> pl.LazyFrame:
        return (
            self.lake.table("deliveries").scan().filter(pl.col("destination") == self.destination)
        )


def _latest(steps: pl.LazyFrame) -> pl.LazyFrame:
    return steps.sort("step").group_by("id", maintain_order=True).last()


def recorded(steps: Iterable[dict[str, Any]], at: datetime, run_id: str) -> pa.RecordBatch:
    """Rows of the table `deliveries`."""
    rows = [{**step, "recorded_at": at, "run_id": run_id} for step in steps]
    return pa.RecordBatch.from_pylist(rows, schema=TABLE.schema)
