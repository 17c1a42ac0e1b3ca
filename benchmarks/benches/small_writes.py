"""Durable small writes of eight producers through a group commit, against commits one by one."""

from __future__ import annotations

import sys
from pathlib import Path

from benchmarks.command import run as command
from benchmarks.measure import Bar, Measure, median, paired
from benchmarks.setting import DRIVERS, Setting

WRITES, ALONE = 40_000, 400
PRODUCERS = 8


def run(setting: Setting) -> list[Measure]:
    """Return how many times as many a second, how many a second, and how many if each waits."""
    writes, alone = setting.scaled(WRITES, 1_000), setting.scaled(ALONE, 20)
    with setting.folder("small-writes") as folder:
        pairs = paired(
            setting.runs,
            lambda: _rate(folder, "group", writes),
            lambda: _rate(folder, "alone", alone),
        )
        waiting = [_rate(folder, "waiting", max(100, writes // 40)) for _ in range(setting.runs)]
    ours, theirs = f"{median(pairs.ours):,.0f} /s", f"{median(pairs.reference):,.0f} /s"
    note = (
        f"{writes:,} writes of one row of raw of 200 bytes, {PRODUCERS} threads, each of which has "
        f"at most 250 rows that it was not told of; {alone} writes one by one. From the first "
        "write to the last that is told to be durable, without starting Python."
    )
    return [
        Measure(
            "small writes: a commit for each, one by one",
            median(pairs.ratios),
            "×",
            Bar(20, "least"),
            ours,
            theirs,
            pairs.ratios,
            note,
        ),
        Measure(
            "small writes a second",
            median(pairs.ours),
            "/s",
            Bar(1_000, "least"),
            ours,
            theirs,
            tuple(pairs.ours),
        ),
        Measure(
            "small writes, each producer waiting for each of its own",
            median(waiting) / median(pairs.reference),
            "×",
            None,
            f"{median(waiting):,.0f} /s",
            theirs,
            tuple(rate / median(pairs.reference) for rate in waiting),
            "Eight rows a commit at most: as many as there are producers.",
        ),
    ]


def _rate(folder: Path, way: str, writes: int) -> float:
    driver = DRIVERS / "small_writes.py"
    done = command([sys.executable, driver, folder / "lake", way, str(writes), str(PRODUCERS)])
    found = done.json()
    assert found["rows"] == writes, found
    return float(writes / found["seconds"])
