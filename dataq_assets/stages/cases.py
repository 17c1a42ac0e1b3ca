"""What comes to the gate, and the verdict on each."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import closing
from typing import TYPE_CHECKING, Any

import polars as pl

from dataq_assets.stages.early import Early
from dataq_assets.stages.judging import Case, GatePlan, Passed, judge, weight
from dataq_assets.stages.quarantine import rows_of
from dataq_assets.stages.rule import Rejection
from dataq_assets.stages.sent import Sent
from dataq_lake.lake import Lake

if TYPE_CHECKING:
    from dataq_analyzers.pool import Failed, Pool

Judged = tuple[dict[str, Any], Passed | Rejection]
EarlyCases = Early[dict[str, pl.DataFrame], Judged]

KEY = "cases"
STAGE = "gate"
# Fewer are judged sooner than a worker process has started.
WORTH_A_POOL = 64
HEAD_BYTES = 1 << 20
ROW_BYTES = 2 << 10
READ = (
    "item_id", "source", "source_id", "sequence", "timestamp", "observed_at", "content_type",
    "size", "content_hash", "metadata", "problem", "payload", "blob_uri",
)  # fmt: skip


class Cases:
    """The raw rows that are new to the gate, found out now, and the verdicts on them."""

    def __init__(self, lake: Lake, pool: Pool, plans: Mapping[str, GatePlan]) -> None:
        self._lake = lake
        self._pool = pool
        self._plans = plans
        self.new = {source: pending(lake, source) for source in lake.raw_sources()}
        """item_id and is_twin of each, by source."""

    def close(self) -> None:
        """Nothing goes on without its reader."""

    def outcomes(self) -> Generator[Judged, None, None]:
        """Each new raw row, without its payload, and what is to become of it."""
        if sum(frame.height for frame in self.new.values()) < WORTH_A_POOL:
            for case in self._cases():
                yield case.raw, judge(case)
            return
        sent: Sent[dict[str, Any]] = Sent()
        with closing(self._pool.map(judge, self._noted(sent), size=weight)) as outcomes:
            for outcome in outcomes:
                verdict = outcome.value if hasattr(outcome, "value") else _defeated(outcome)
                yield sent.take(outcome.index), verdict

    def _noted(self, sent: Sent[dict[str, Any]]) -> Iterator[Case]:
        for case in self._cases():
            sent.note(case.raw)
            yield case

    def _cases(self) -> Iterator[Case]:
        for source, frame in self.new.items():
            twins = set(frame.filter("is_twin")["item_id"])
            plan = self._plans.get(source, GatePlan())
            for batch in self._lake.raw(source).rows(frame["item_id"], READ):
                for raw in plain(pl.DataFrame(batch)):
                    data = self._content(raw.pop("payload"), raw.pop("blob_uri"))
                    yield Case(raw, data, raw["item_id"] in twins, plan)

    def _content(self, payload: bytes | None, blob_uri: str | None) -> bytes:
        if blob_uri is None:
            return payload or b""
        with self._lake.blobs.open(blob_uri) as file:
            return file.read(HEAD_BYTES)


def early_cases(begin: Callable[[], Cases]) -> EarlyCases:
    """The same, judged before the gate asks."""
    return Early(begin, _size)


def _size(judged: Judged) -> int:
    """The bytes that a verdict weighs while it waits, nearly."""
    verdict = judged[1]
    changed = verdict.changed if isinstance(verdict, Passed) else None
    return ROW_BYTES + len(changed or b"")


def pending(lake: Lake, source: str) -> pl.DataFrame:
    """The upserts of a source that are neither items nor held back: item_id, is_twin."""
    raw = lake.raw(source).scan(
        ["item_id", "source_id", "timestamp", "sequence", "content_hash", "op", "run_id"]
    )
    upserts = raw.filter(pl.col("op") == "upsert")
    held = rows_of(lake, STAGE).filter(pl.col("state") == "open").select("item_id")
    new = (
        upserts.join(lake.table("items").scan(["item_id"]), on="item_id", how="anti")
        .join(held, on="item_id", how="anti")
        .select("item_id", "source_id")
        .collect()
    )
    if new.is_empty():
        return new.select("item_id", pl.lit(False).alias("is_twin"))
    # Also among rows that passed before a crash: a twin is told by all of its run.
    first = (
        pl.col("content_hash").sort_by("sequence").first().over("source_id", "run_id", "timestamp")
    )
    judged = (
        upserts.join(new.lazy().select("source_id").unique(), on="source_id", how="semi")
        .select("item_id", (pl.col("content_hash") != first).fill_null(False).alias("is_twin"))
        .collect()
    )
    return judged.join(new.select("item_id"), on="item_id", how="semi")


def plain(frame: pl.DataFrame) -> list[dict[str, Any]]:
    """Rows with their times in microseconds, which every date fits into."""
    return frame.with_columns(pl.col(pl.Datetime).dt.epoch("us")).to_dicts()


def _defeated(failed: Failed) -> Rejection:
    """Content that crashes or stalls the look at it would do so again further on."""
    return Rejection(f"gate_{failed.kind}", "content", "error", failed.reason)
