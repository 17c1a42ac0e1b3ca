"""The gate: every new upsert of raw becomes an item or a row of quarantine, never nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from dataq_assets.stages.arrow import batch_of
from dataq_assets.stages.cases import STAGE, Cases, EarlyCases, plain
from dataq_assets.stages.judging import GatePlan, Passed
from dataq_assets.stages.quarantine import rejected, replaced, resolved, rows_of
from dataq_assets.stages.rule import Rejection
from dataq_assets.stages.telling import Tell, silent
from dataq_lake.difference import Difference
from dataq_lake.lake import Lake

if TYPE_CHECKING:
    from dataq_analyzers.pool import Pool

ROUND_ROWS = 10_000
ROUND_BYTES = 32 << 20
INLINE_BYTES = 256 << 10


@dataclass(frozen=True)
class Gate:
    """One pass over what is new; rounds are bounded by rows and by the bytes they carry."""

    lake: Lake
    pool: Pool
    plans: Mapping[str, GatePlan]
    run_id: str
    now_us: int
    tell: Tell = silent
    early: EarlyCases | None = None
    """The pass, if it was begun before."""

    def rounds(self) -> Iterator[dict[str, Difference]]:
        """Differences of items and quarantine; items first, so that a crash in between heals."""
        yield from self._healed()
        again = self._again()
        with closing(self.early or Cases(self.lake, self.pool, self.plans)) as cases:
            total = sum(frame.height for frame in cases.new.values())
            round_ = _Round(self, again)
            for done, (raw, verdict) in enumerate(cases.outcomes(), 1):
                round_.add(raw, verdict)
                if round_.is_full():
                    yield round_.differences()
                    round_ = _Round(self, again)
                    self.tell("items", done, total)
            yield round_.differences()
        self.tell("items", total, total)

    def _healed(self) -> Iterator[dict[str, Difference]]:
        """Resolves open rows whose item passed just before a crash."""
        passed = self.lake.table("items").scan(["item_id"])
        open_ = rows_of(self.lake, STAGE).filter(pl.col("state") != "resolved")
        rows = plain(open_.join(passed, on="item_id", how="semi").collect())
        if rows:
            done = [resolved(row, self.run_id, self.now_us) for row in rows]
            yield {"quarantine": replaced(done)}

    def _again(self) -> dict[str, dict[str, Any]]:
        rows = rows_of(self.lake, STAGE).filter(pl.col("state") == "replay").collect()
        return {row["item_id"]: row for row in plain(rows)}


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
