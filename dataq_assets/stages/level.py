"""What a service level is, how the levels are found, and what they measure."""

from __future__ import annotations

import pkgutil
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache, cached_property
from importlib import import_module
from typing import Any

from dataq_assets.stages import levels
from dataq_lake.errors import FixTheCall
from dataq_lake.ids import make_id
from dataq_lake.indexes.snapshot import Snapshot
from dataq_lake.lake import Lake
from dataq_lake.levels import LevelSettings
from dataq_lake.search.searcher import Searcher

SAMPLE = 100
WARM = 3
K = 10


@dataclass(frozen=True)
class Measured:
    """A value in the unit of its level, and what else was seen."""

    value: float
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass
class Measuring:
    """The lake that is measured, and what several levels look at; the index is opened once."""

    lake: Lake
    settings: LevelSettings
    now: datetime
    clock: Callable[[], float] = time.perf_counter

    @cached_property
    def snapshot(self) -> Snapshot:
        """The published index; raises NothingIndexed."""
        return self.lake.index()

    @cached_property
    def searcher(self) -> Searcher:
        """What answers searches, with the ranking that is in force."""
        return Searcher(self.snapshot, self.lake)

    @cached_property
    def queries(self) -> list[str]:
        """The queries that are timed: those of the setting's file, or titles of the index."""
        given = self.settings.queries
        if given is None:
            return title_queries(self.snapshot)
        try:
            lines = given.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise FixTheCall(f"DATAQ_LEVELS_QUERIES: {given} cannot be read: {error}") from None
        if queries := [line.strip() for line in lines if line.strip()]:
            return queries
        raise FixTheCall(f"DATAQ_LEVELS_QUERIES: {given} has no query: write one a line")

    @cached_property
    def milliseconds(self) -> list[float]:
        """How long each query took, in their order, after a few to load what searches need."""
        for query in self.queries[:WARM]:
            self.searcher.search(query, K)
        return [self._timed(query) for query in self.queries]

    def quickness(self, share: float) -> Measured:
        """How long such a share of the queries took at most; 0 where there is nothing to ask."""
        times, queries = self.milliseconds, self.queries
        if not times:
            return Measured(0.0, {"queries": 0})
        slowest = queries[times.index(max(times))]
        facts = {"queries": len(times), "set": make_id(*queries)[:8], "slowest": slowest}
        return Measured(percentile(times, share), facts)

    def _timed(self, query: str) -> float:
        begun = self.clock()
        self.searcher.search(query, K)
        return (self.clock() - begun) * 1000


def title_queries(snapshot: Snapshot, count: int = SAMPLE) -> list[str]:
    """The same titles as long as they are in the index: those with the smallest hashes.

    Where there are few, or none of two words, the beginnings of passages stand for them.
    """
    from dataq_lake.search.documents import documents

    titles: set[str] = set()
    starts: set[str] = set()
    ids = sample(snapshot, 20 * count)
    for document in documents(snapshot, ids).values():
        if len(document["title"].split()) > 1:
            titles.add(" ".join(document["title"].split()[:12]))
        if words := document["text"].split()[:8]:
            starts.add(" ".join(words))
    ordered = [sorted(each, key=lambda text: make_id("query", text)) for each in (titles, starts)]
    return [text for each in ordered for text in each][:count]


def sample(snapshot: Snapshot, count: int) -> list[str]:
    """So many segments of the index, always the same while they are in it; all if there are fewer.

    Ids are hashes, so the first of them in order are as good as drawn by lot.
    """
    import numpy as np

    from dataq_lake.indexes.keys import to_ids

    first = []
    for part in snapshot.parts:
        keys = part.keys if part.gone is None else part.keys[~part.gone]
        first.append(np.asarray(keys[:count]))
    return to_ids(np.sort(np.concatenate(first))[:count]) if first else []


def percentile(values: Sequence[float], share: float) -> float:
    """The nearest-rank percentile: the smallest value that `share` of all do not exceed."""
    ordered = sorted(values)
    rank = max(1, -(-len(ordered) * round(share * 100) // 100))
    return ordered[rank - 1]


@dataclass(frozen=True)
class Level:
    """One level; `measure` raises LakeError where there is nothing to measure."""

    name: str
    doc: str
    unit: str
    at_least: bool
    """Whether the bar is the least that will do; else it is the most."""
    measure: Callable[[Measuring], Measured]

    def passes(self, value: float, bar: float) -> bool:
        """Whether the bar is kept."""
        return value >= bar if self.at_least else value <= bar


@cache
def all_levels() -> tuple[Level, ...]:
    """Every file of the levels folder, by name."""
    found = []
    for info in pkgutil.iter_modules(levels.__path__):
        module = import_module(f"{levels.__name__}.{info.name}")
        doc = (module.__doc__ or "").strip()
        found.append(Level(info.name, doc, module.UNIT, module.AT_LEAST, module.measure))
    return tuple(found)
