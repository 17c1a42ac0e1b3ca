"""The gate: every new upsert of raw becomes an item or a row of quarantine, never nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import polars as pl
import pyarrow as pa

from dataq_assets.stages.arrow import batch_of
from dataq_assets.stages.judging import GatePlan, Passed, judge
from dataq_assets.stages.quarantine import rejected, replaced, resolved, rows_of
from dataq_assets.stages.telling import Tell, silent
from dataq_lake.difference import Difference
from dataq_lake.lake import Lake

STAGE = "gate"
INLINE_BYTES = 256 << 10
HEAD_BYTES = 1 << 20
READ = (
    "item_id", "source", "source_id", "sequence", "timestamp", "observed_at", "content_type",
    "size", "content_hash", "metadata", "problem", "payload", "blob_uri",
)  # fmt: skip


@dataclass(frozen=True)
class Gate:
    """One pass over what is new; rounds are bounded by the bytes that are read for them."""

    lake: Lake
    plans: Mapping[str, GatePlan]
    run_id: str
    now_us: int
    default: GatePlan = field(default_factory=GatePlan)
    tell: Tell = silent

    def rounds(self) -> Iterator[dict[str, Difference]]:
        """Differences of items and quarantine; items first, so that a crash in between heals."""
        yield from self._healed()
        again = self._again()
        new = {source: pending(self.lake, source) for source in self.lake.raw_sources()}
        done, total = 0, sum(frame.height for frame in new.values())
        for source, frame in new.items():
            twins = set(frame.filter("is_twin")["item_id"])
            plan = self.plans.get(source, self.default)
            for batch in self.lake.raw(source).rows(frame["item_id"], READ):
                yield self._round(batch, twins, plan, again)
                done += batch.num_rows
                self.tell("items", done, total)

    def _healed(self) -> Iterator[dict[str, Difference]]:
        """Resolves open rows whose item passed just before a crash."""
        passed = self.lake.table("items").scan(["item_id"])
        open_ = rows_of(self.lake, STAGE).filter(pl.col("state") != "resolved")
        rows = _dicts(open_.join(passed, on="item_id", how="semi").collect())
        if rows:
            done = [resolved(row, self.run_id, self.now_us) for row in rows]
            yield {"quarantine": replaced(done)}

    def _again(self) -> dict[str, dict[str, Any]]:
        rows = rows_of(self.lake, STAGE).filter(pl.col("state") == "replay").collect()
        return {row["item_id"]: row for row in _dicts(rows)}

    def _round(
        self,
        batch: pa.RecordBatch,
        twins: set[str],
        plan: GatePlan,
        again: Mapping[str, dict[str, Any]],
    ) -> dict[str, Difference]:
        items, verdicts = [], []
        for raw in _dicts(pl.DataFrame(batch)):
            before = again.get(raw["item_id"])
            verdict = judge(raw, self._content(raw), raw["item_id"] in twins, plan)
            if isinstance(verdict, Passed):
                items.append(self._stored(verdict))
                if before:
                    verdicts.append(resolved(before, self.run_id, self.now_us))
            else:
                verdicts.append(rejected(STAGE, verdict, raw, self.run_id, self.now_us, before))
        round_ = {"items": Difference([batch_of("items", items)])} if items else {}
        return {**round_, "quarantine": replaced(verdicts)} if verdicts else round_

    def _content(self, raw: Mapping[str, Any]) -> bytes:
        if raw["blob_uri"] is None:
            return raw["payload"] or b""
        with self.lake.blobs.open(raw["blob_uri"]) as file:
            return file.read(HEAD_BYTES)

    def _stored(self, passed: Passed) -> dict[str, Any]:
        row = {**passed.row, "run_id": self.run_id}
        if passed.changed is None:
            return row
        if len(passed.changed) <= INLINE_BYTES:
            return {**row, "payload": passed.changed}
        return {**row, "blob_uri": self.lake.blobs.put(passed.changed).uri}


def pending(lake: Lake, source: str) -> pl.DataFrame:
    """The upserts of a source that are neither items nor held back: item_id, is_twin."""
    raw = lake.raw(source).scan(
        ["item_id", "source_id", "timestamp", "sequence", "content_hash", "op", "run_id"]
    )
    held = rows_of(lake, STAGE).filter(pl.col("state") == "open").select("item_id")
    new = (
        raw.filter(pl.col("op") == "upsert")
        .join(lake.table("items").scan(["item_id"]), on="item_id", how="anti")
        .join(held, on="item_id", how="anti")
        .collect()
    )
    same = ["source_id", "run_id", "timestamp"]
    first = pl.col("content_hash").sort_by("sequence").first().over(same)
    return new.select(
        "item_id", (pl.col("content_hash") != first).fill_null(False).alias("is_twin")
    )


def _dicts(frame: pl.DataFrame) -> list[dict[str, Any]]:
    """Rows with their times in microseconds, which every date fits into."""
    return frame.with_columns(pl.col(pl.Datetime).dt.epoch("us")).to_dicts()
