"""The whole way without Dagster: items in at one end, tables out at the other."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import polars as pl

from dataq_analyzers.pool import Pool
from dataq_assets.stages.assets import Assets
from dataq_assets.stages.check import all_checks
from dataq_assets.stages.embeddings import Embeddings
from dataq_assets.stages.gate import Gate
from dataq_assets.stages.indexes import publication
from dataq_assets.stages.judging import GatePlan
from dataq_assets.stages.opening import Opening
from dataq_assets.stages.raw import Observer, heads_of
from dataq_assets.stages.segments import Segments
from dataq_assets.stages.texts import Texts
from dataq_assets.stages.windows import windowing
from dataq_lake.embedders import embedder
from dataq_lake.indexes.manifest import Model
from dataq_lake.indexes.publish import publish
from dataq_lake.lake import Lake
from dataq_lake.written import CommitInfo, Written
from dataq_plugins.host import Item
from dataq_resources.changes import Changes

DAY_US = 86_400_000_000
START_US = 1_700_000_000_000_000
STAGES = ("gate", "assets", "texts", "segments", "embeddings")


class Crash(Exception):
    """What a test makes happen between two commits."""


def item(
    source_id: str,
    content: bytes | None = b"",
    time: int | None = 0,
    op: str = "upsert",
    problem: str | None = None,
    content_type: str = "",
    **metadata: str,
) -> Item:
    """An item as a plugin sends it; `time` in days."""
    data = None if op == "delete" or problem else content
    time_us = None if time is None else START_US + time * DAY_US
    size = len(data or b"")
    return Item(source_id, time_us, content_type, data, None, size, metadata, op, problem, "test")  # type: ignore[arg-type]


def gone(source_id: str, time: int | None = 0) -> Item:
    """The deletion of an item."""
    return item(source_id, None, time, op="delete")


@dataclass
class Way:
    """Runs of the whole way over one lake; `crash_after` commits, the next write fails."""

    lake: Lake
    pool: Pool
    plan: GatePlan = field(default_factory=GatePlan)
    crash_after: int | None = None
    now_us: int = START_US + 400 * DAY_US
    runs: int = 0

    def observe(self, *items: Item, source: str = "s") -> int:
        """How many rows of raw the items became."""
        raw = self.lake.raw(source)
        last = raw.scan(["sequence"]).max().collect().item()
        self.runs += 1
        observer = Observer(
            source=source,
            heads=heads_of(raw.scan()),
            next_sequence=0 if last is None else last + 1,
            windowing=windowing("monthly"),
            run_id=f"run{self.runs}",
            plugin_id="test",
            plugin_version="1",
            now_us=self._tick,
        )
        return raw.append([observer.observe(items)]).rows

    def derive(self, *only: str) -> dict[str, int]:
        """Rows added a table by everything that follows from raw, or by some stages of it."""
        added: dict[str, int] = {}
        for name in only or STAGES:
            changes = Changes(self.rounds(name))
            changes.commit(self.lake, CommitInfo(f"run{self.runs}", name), self._written)
            for table, written in changes.written.items():
                added[table] = added.get(table, 0) + written.rows
        if not only:
            self.publish()
        return added

    def rounds(self, name: str) -> Iterator[Any]:
        """The rounds of one stage."""
        run_id = f"run{self.runs}"
        opening = Opening(self.lake, self.pool, self.pool, run_id, self._tick())
        made: dict[str, Callable[[], Iterable[Any]]] = {
            "gate": lambda: Gate(self.lake, self.pool, self.plans, run_id, self._tick()).rounds(),
            "assets": lambda: Assets(self.lake, opening, run_id).rounds(),
            "texts": lambda: Texts(self.lake, self.pool, run_id, self._tick()).rounds(),
            "segments": lambda: Segments(self.lake, run_id).rounds(),
            "embeddings": lambda: Embeddings(self.lake, self.pool, self.model, run_id).rounds(),
        }
        return iter(made[name]())

    def publish(self) -> Any:
        """Brings the search index up to date."""
        return publish(self.lake, publication(self.lake, self.model), CommitInfo(f"run{self.runs}"))

    @property
    def plans(self) -> dict[str, GatePlan]:
        """The plan for each source."""
        return dict.fromkeys(self.lake.raw_sources(), self.plan)

    @property
    def model(self) -> Model:
        """The default model."""
        model = embedder()
        return Model(model.name, model.version, model.dimensions)

    def replay(self, **where: str) -> int:
        """Marks open rows of quarantine to be tried again; how many."""
        handle = self.lake.table("quarantine")
        rows = self.rows("quarantine", state="open", **where)
        marked = [{**row, "state": "replay"} for row in rows]
        if marked:
            from dataq_assets.stages.quarantine import replaced

            handle.apply(replaced(marked))
        return len(marked)

    def rows(self, table: str, **where: Any) -> list[dict[str, Any]]:
        """The rows of a table that have these values."""
        frame = self.lake.table(table).scan()
        for name, value in where.items():
            frame = frame.filter(pl.col(name) == value)
        return frame.collect().to_dicts()

    def versions(self) -> dict[str, int | None]:
        """The version of each table."""
        return {name: self.lake.table(name).version() for name in self.lake.tables()}

    def broken_checks(self, *names: str) -> list[str]:
        """Which promises (all if none is named) are not kept, with the reasons."""
        chosen = [check for check in all_checks() if not names or check.name in names]
        verdicts = [(check, check.verdict(self.lake)) for check in chosen]
        return [
            f"{check.name}: {verdict.reason}"
            for check, verdict in verdicts
            if not verdict.passed and check.severity == "error"
        ]

    def contents(self) -> dict[str, str]:
        """The latest state as a reader sees it: the hash of each current asset by its path."""
        latest = {row["id"] for row in self.rows("entities", is_latest=True)}
        return {row["path"]: row["file_hash"] for row in self.rows("assets") if row["id"] in latest}

    def _tick(self) -> int:
        self.now_us += 1_000_000
        return self.now_us

    def _written(self, table: str, written: Written) -> None:
        if self.crash_after is None:
            return
        if self.crash_after == 0:
            raise Crash(table)
        self.crash_after -= 1


def hash_of(content: bytes) -> str:
    """As the tables have it."""
    return sha256(content).hexdigest()


def sql_counts(lake: Lake, *tables: str) -> list[int]:
    """How many rows SQL finds in each table."""
    from dataq_lake.sql import query

    text = " union all by name ".join(f"select count(*) as n from {table}" for table in tables)
    return [row[0] for row in query(lake, text).fetchall()]
