"""Writes a lake of edges, or walks them in two ways, in turn."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from dataq_lake.lake import Lake, open_lake
from dataq_lake.limits import Limits
from dataq_lake.sql import query

ROWS = 200_000
# of a lake of mails, files and pages: how often a relation occurs
TYPES = {
    "part_of": 0.25,
    "replies_to": 0.2,
    "links_to": 0.25,
    "derived_from": 0.2,
    "near_duplicate_of": 0.1,
}
HOPS = 3
# The same question, asked by somebody who has DuckDB and the files: within 3 hops, both ways.
BARE = """
with recursive edges as (
    select source_id as a, target_id as b from read_parquet({files})
    union all
    select target_id, source_id from read_parquet({files})
), reached(id, distance) as (
    select '{start}', 0
    union
    select edges.b, reached.distance + 1 from reached join edges on edges.a = reached.id
    where reached.distance < {hops}
)
select id, min(distance) from reached group by id
"""
OURS = "select id, distance from graph_traverse('{start}', hops := {hops})"


def write(root: str, count: int) -> None:
    """Appends `count` edges between half as many things; few of them have very many."""
    random = np.random.default_rng(1)
    things = max(10, count // 2)
    kinds, shares = list(TYPES), np.array(list(TYPES.values()))
    handle = open_lake(root).table("relationships")
    digits = np.array([f"{number:02x}" for number in range(256)])

    def ids(numbers: np.typing.NDArray[np.uint64]) -> pa.Array:
        """128 bits that look as hashes do."""
        told = np.empty((len(numbers), 2), dtype=np.uint64)
        for half, factor in enumerate((0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F)):
            mixed = (numbers + np.uint64(half + 1)) * np.uint64(factor)
            mixed ^= mixed >> np.uint64(31)
            told[:, half] = mixed * np.uint64(factor)
        parts = told.view(np.uint8)
        text = np.frombuffer("".join(digits[parts.ravel()]).encode(), dtype="S32")
        return pa.array(text.astype("U32"), pa.string())

    def batches() -> Iterator[pa.RecordBatch]:
        for start in range(0, count, ROWS):
            size = min(ROWS, count - start)
            numbers = np.arange(start, start + size, dtype=np.uint64)
            sources = random.integers(0, things, size).astype(np.uint64)
            popular = (random.pareto(1.3, size) * 3).astype(np.uint64) % np.uint64(things)
            told: dict[str, Any] = {
                "id": ids(numbers + np.uint64(1 << 40)),
                "source_id": ids(sources),
                "target_id": ids(np.where(random.random(size) < 0.2, popular,
                                          random.integers(0, things, size).astype(np.uint64))),
                "relationship_type": np.array(kinds)[np.searchsorted(
                    np.cumsum(shares), random.random(size) * 0.999)],
                "strength": np.ones(size),
                "method": ["path"] * size,
                "metadata": [[("href", f"page-{number}.html")] for number in range(size)],
                "run_id": ["bench"] * size,
            }  # fmt: skip
            schema = handle.table.schema
            arrays = [
                column if isinstance(column, pa.Array) else pa.array(column, field.type)
                for field in schema
                for column in [told[field.name]]
            ]
            yield pa.RecordBatch.from_arrays(arrays, schema=schema)

    handle.append(batches())


def walk(root: str, runs: int, starts: int) -> dict[str, Any]:
    """Seconds of both ways from some starts, in turn; they must reach the same."""
    lake = open_lake(root)
    files = [str(path) for path in lake.table("relationships").files()]
    ours, reference, sizes = [], [], []
    for number, start in enumerate(_starts(lake, starts)):
        ways = (lambda s=start: _ours(lake, s), lambda s=start: _bare(files, s))
        for turn in range(runs + 1):
            times: dict[int, float] = {}
            answers = []
            for way in (0, 1) if (number + turn) % 2 else (1, 0):
                begun = time.perf_counter()
                answers.append(ways[way]())
                times[way] = time.perf_counter() - begun
            assert answers[0] == answers[1], start
            if turn:  # the first has the files brought to memory
                ours.append(times[0])
                reference.append(times[1])
        sizes.append(len(answers[0]))
    return {"ours": ours, "reference": reference, "sizes": sizes}


def _starts(lake: Lake, count: int) -> list[str]:
    """One with very many edges, and others as they come."""
    busy = query(lake, "select target_id from relationships group by 1 order by count(*) desc, 1 "
                 "limit 1").fetchall()  # fmt: skip
    some = query(lake, "select distinct source_id from relationships where id < '0001' "
                 f"order by 1 limit {count - 1}").fetchall()  # fmt: skip
    return [row[0] for row in [*busy, *some]]


def _ours(lake: Lake, start: str) -> set[tuple[object, ...]]:
    return set(query(lake, OURS.format(start=start, hops=HOPS)).fetchall())


def _bare(files: list[str], start: str) -> set[tuple[object, ...]]:
    quoted = ", ".join(f"'{file}'" for file in files)
    listed = f"[{quoted}]"
    with duckdb.connect(":memory:") as connection:
        connection.execute(f"set memory_limit = '{Limits().memory}'")
        text = BARE.format(files=listed, start=start, hops=HOPS)
        return set(connection.execute(text).fetchall())


if __name__ == "__main__":
    what, root_, *numbers_ = sys.argv[1:]
    calls: dict[str, Callable[..., Any]] = {"write": write, "walk": walk}
    print(json.dumps(calls[what](root_, *map(int, numbers_))))
