"""The gate: every new upsert of raw becomes an item or a row of quarantine, never nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import polars as pl

from dataq_assets.stages.arrow import batch_of
from dataq_assets.stages.judging import Case, GatePlan, Passed, judge, weight
from dataq_assets.stages.quarantine import rejected, replaced, resolved, rows_of
from dataq_assets.stages.rule import Rejection
from dataq_assets.stages.sent import Sent
from dataq_assets.stages.telling import Tell, silent
from dataq_lake.difference import Difference
from dataq_lake.lake import Lake

if TYPE_CHECKING:
    from dataq_analyzers.pool import Failed, Pool

STAGE = "gate"
ROUND_ROWS = 10_000
ROUND_BYTES = 32 << 20
# Fewer are judged sooner than a worker process has started.
WORTH_A_POOL = 64
INLINE_BYTES = 256 << 10
HEAD_BYTES = 1 << 20
READ = (
    "item_id", "source", "source_id", "sequence", "timestamp", "observed_at", "content_type",
    "size", "content_hash", "metadata", "problem", "payload", "blob_uri",
)  # fmt: skip


@dataclass(frozen=True)
class Gate:
    """One pass over what is new; rounds are bounded by rows and by the bytes they carry."""

    lake: Lake
    pool: Pool
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
        total = sum(frame.height for frame in new.values())
        done = 0
        round_ = _Round(self, again)
        for raw, verdict in self._verdicts(new, in_pool=total >= WORTH_A_POOL):
            round_.add(raw, verdict)
            done += 1
            if round_.is_full():
                yield round_.differences()
                round_ = _Round(self, again)
                self.tell("items", done, total)
        yield round_.differences()
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

    def _verdicts(
        self, new: Mapping[str, pl.DataFrame], in_pool: bool
    ) -> Iterator[tuple[dict[str, Any], Passed | Rejection]]:
        """Each new raw row, without its payload, and what is to become of it."""
        if not in_pool:
            for case in self._cases(new):
                yield case.raw, judge(case)
            return
        sent: Sent[dict[str, Any]] = Sent()
        for outcome in self.pool.map(judge, _noted(self._cases(new), sent), size=weight):
            verdict = outcome.value if hasattr(outcome, "value") else _defeated(outcome)
            yield sent.take(outcome.index), verdict

    def _cases(self, new: Mapping[str, pl.DataFrame]) -> Iterator[Case]:
        for source, frame in new.items():
            twins = set(frame.filter("is_twin")["item_id"])
            plan = self.plans.get(source, self.default)
            for batch in self.lake.raw(source).rows(frame["item_id"], READ):
                for raw in _dicts(pl.DataFrame(batch)):
                    data = self._content(raw.pop("payload"), raw.pop("blob_uri"))
                    yield Case(raw, data, raw["item_id"] in twins, plan)

    def _content(self, payload: bytes | None, blob_uri: str | None) -> bytes:
        if blob_uri is None:
            return payload or b""
        with self.lake.blobs.open(blob_uri) as file:
            return file.read(HEAD_BYTES)


class _Round:
    """Verdicts, until a commit pays; `again` are rows of quarantine that are tried again."""

    def __init__(self, gate: Gate, again: Mapping[str, dict[str, Any]]) -> None:
        self._gate = gate
        self._again = again
        self._items: list[dict[str, Any]] = []
        self._quarantine: list[dict[str, Any]] = []
        self._bytes = 0

    def add(self, raw: Mapping[str, Any], verdict: Passed | Rejection) -> None:
        """Takes what became of one raw row."""
        before = self._again.get(raw["item_id"])
        run_id, now = self._gate.run_id, self._gate.now_us
        if isinstance(verdict, Rejection):
            self._quarantine.append(rejected(STAGE, verdict, raw, run_id, now, before))
            return
        self._items.append({**verdict.row, "run_id": run_id, **self._stored(verdict.changed)})
        if before:
            self._quarantine.append(resolved(before, run_id, now))

    def is_full(self) -> bool:
        """Whether a commit pays."""
        rows = len(self._items) + len(self._quarantine)
        return rows >= ROUND_ROWS or self._bytes >= ROUND_BYTES

    def differences(self) -> dict[str, Difference]:
        """What to commit, in order."""
        found = {}
        if self._items:
            found["items"] = Difference([batch_of("items", self._items)])
        if self._quarantine:
            found["quarantine"] = replaced(self._quarantine)
        return found

    def _stored(self, changed: bytes | None) -> dict[str, Any]:
        if changed is None:
            return {}
        if len(changed) <= INLINE_BYTES:
            self._bytes += len(changed)
            return {"payload": changed}
        return {"blob_uri": self._gate.lake.blobs.put(changed).uri}


def _noted(cases: Iterator[Case], sent: Sent[dict[str, Any]]) -> Iterator[Case]:
    for case in cases:
        sent.note(case.raw)
        yield case


def _defeated(failed: Failed) -> Rejection:
    """Content that crashes or stalls the look at it would do so again further on."""
    return Rejection(f"gate_{failed.kind}", "content", "error", failed.reason)


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


def _dicts(frame: pl.DataFrame) -> list[dict[str, Any]]:
    """Rows with their times in microseconds, which every date fits into."""
    return frame.with_columns(pl.col(pl.Datetime).dt.epoch("us")).to_dicts()
