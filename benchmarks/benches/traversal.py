"""Three hops over 10 million edges of a lake, against DuckDB's plain recursive query."""

from __future__ import annotations

import sys

from benchmarks.command import run as command
from benchmarks.measure import Bar, Measure, median
from benchmarks.setting import DRIVERS, Setting

EDGES, STARTS = 10_000_000, 3


def run(setting: Setting) -> list[Measure]:
    """Return how many times as long `graph_traverse` takes."""
    count = setting.scaled(EDGES, 10_000)
    driver = DRIVERS / "traversal.py"
    with setting.folder("traversal") as folder:
        setting.say(f"writing {count:,} edges")
        command([sys.executable, driver, "write", folder / "lake", str(count)])
        setting.say(f"walking them from {STARTS} starts")
        runs = str(setting.runs)
        told = command([sys.executable, driver, "walk", folder / "lake", runs, str(STARTS)]).json()
    ratios = tuple(a / b for a, b in zip(told["ours"], told["reference"], strict=True))
    reached = ", ".join(f"{size:,}" for size in told["sizes"])
    return [
        Measure(
            "three hops over 10 M edges",
            median(ratios),
            "×",
            Bar(1.2, "most"),
            f"{median(told['ours']):.2f} s",
            f"{median(told['reference']):.2f} s",
            ratios,
            f"{count:,} edges of five types between half as many things, a fifth of them to few "
            f"that have very many; from {STARTS} starts, the first of them the busiest: {reached} "
            "things are reached. Both ask anew each time, with a connection of their own, the "
            "same Parquet files within the same limit of memory, for each thing within three "
            "hops, in both directions, and its distance; the answers are compared. The files are "
            "in memory.",
        )
    ]
