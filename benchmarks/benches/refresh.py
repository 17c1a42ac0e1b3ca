"""A refresh of the index after 1 % new against the full build, at a million real segments."""

from __future__ import annotations

import random
import resource
import time
from collections.abc import Iterable
from pathlib import Path

from benchmarks.measure import Bar, Measure, median
from benchmarks.segments import COUNT, publish_segments, segments
from benchmarks.setting import Setting
from dataq_lake.indexes.snapshot import open_snapshot
from dataq_lake.lake import open_lake

NEW, GONE = 0.01, 0.0001


def run(setting: Setting) -> list[Measure]:
    """Return the share of the full build's processor time that a refresh takes."""
    found = segments(setting, setting.scaled(COUNT, 20_000))
    share = round(NEW * len(found))
    times = max(3, setting.runs)
    base = len(found) - times * share
    chance = random.Random(1)
    with setting.folder("refresh") as folder:
        lake = open_lake(folder / "lake")

        def timed(start: int, stop: int, gone: Iterable[str] = ()) -> tuple[float, float]:
            """Seconds of a processor, threads included, and of the clock."""
            cpu, wall = time.process_time(), time.perf_counter()
            publish_segments(lake, found, start, stop, gone)
            return time.process_time() - cpu, time.perf_counter() - wall

        setting.say(f"publishing {base:,} segments")
        whole, wall = timed(0, base)
        built = f"{wall:.0f} s by the clock, {_size(folder) / 1e9:.2f} GB on disk"
        setting.say(f"{whole:.0f} s of a processor, {built}")
        seconds = []
        for start in range(base, base + times * share, share):
            gone = chance.sample(range(base), max(1, round(GONE * len(found))))
            ids = found.shown["segment_id"].take(gone).to_pylist()
            seconds.append(timed(start, start + share, ids)[0])
            setting.say(f"refresh: {seconds[-1]:.2f} s of a processor")
        parts = ", ".join(f"{part.rows:,}" for part in open_snapshot(lake.root).manifest.parts)
    shares = tuple(each / whole for each in seconds)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    return [
        Measure(
            "refresh after 1 % new",
            median(shares),
            "%",
            Bar(0.04, "most"),
            f"{median(seconds):.2f} s",
            f"{whole:.0f} s",
            shares,
            f"Seconds of a processor. {base:,} segments are published at once ({built}), then "
            f"{times} times {share:,} new ones, while {len(gone):,} go; the slowest took "
            f"{max(seconds):.2f} s. Afterwards there are parts of {parts} rows. Peak memory, what "
            f"is mapped included: {peak:.1f} GB. Text and vectors, of ready vectors; what the "
            "asset `snapshots` finds in the tables is not in either time.",
        )
    ]


def _size(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
