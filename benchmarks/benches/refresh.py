"""A refresh of the index after 1 % new against the full build, at a million real segments."""

from __future__ import annotations

import sys
from pathlib import Path

from benchmarks.command import run as command
from benchmarks.measure import Bar, Measure, median
from benchmarks.segments import COUNT, segments
from benchmarks.setting import DRIVERS, Setting

NEW, GONE = 0.01, 100
DRIVER = DRIVERS / "refresh.py"


def run(setting: Setting) -> list[Measure]:
    """Return the share of the full build's processor time that a refresh takes."""
    found = segments(setting, setting.scaled(COUNT, 20_000))
    share = round(NEW * len(found))
    times = max(3, setting.runs)
    base = len(found) - times * share
    with setting.folder("refresh") as folder:
        lake = folder / "lake"
        setting.say(f"writing {base:,} segments")
        _ask("write", lake, found.folder, 0, base)
        whole = _ask("publish", lake)
        size = _size(lake / "indexes") / 1e9
        setting.say(f"full build: {whole}")
        seconds, done = [], {}
        for start in range(base, base + times * share, share):
            _ask("write", lake, found.folder, start, start + share)
            _ask("supersede", lake, GONE)
            done = _ask("publish", lake)
            setting.say(f"refresh: {done}")
            seconds.append(done["cpu"])
    shares = tuple(each / whole["cpu"] for each in seconds)
    return [
        Measure(
            "refresh after 1 % new",
            median(shares),
            "%",
            Bar(0.04, "most"),
            f"{median(seconds):.2f} s",
            f"{whole['cpu']:.0f} s",
            shares,
            "Seconds of processors, with finding what is new in the tables (of the last refresh "
            f"{done['finding']:.2f} s, of the build {whole['finding']:.1f} s). {base:,} segments "
            f"are published at once ({whole['wall']:.0f} s by the clock, {size:.2f} GB on disk), "
            f"then {times} times {share:,} new ones, while {GONE} assets go with "
            f"{done['removed']:.0f} segments; the slowest took {max(seconds):.2f} s. There are "
            f"{done['parts']:.0f} parts then. Peak memory, what is mapped included: "
            f"{whole['memory']:.1f} GB. Text and vectors, of ready vectors; verdicts of checks are "
            "taken as passed.",
        )
    ]


def _size(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def _ask(*words: object) -> dict[str, float]:
    done = command([sys.executable, DRIVER, *map(str, words)])
    told: dict[str, float] = done.json()
    return told
