"""A backfill of 120 windows of an empty source, against the same by a bare Dagster asset."""

from __future__ import annotations

import sys
from pathlib import Path

from benchmarks.command import BenchFailed
from benchmarks.command import run as command
from benchmarks.homes import make_home
from benchmarks.measure import Bar, Measure, paired
from benchmarks.setting import DRIVERS, Setting

FIRST, LAST, WINDOWS = "2010-01", "2019-12", 120
BAR = Bar(1.2, "most")
NOTE = (
    "One run each, in a new process that has loaded Dagster and the definitions, on the same "
    "DAGSTER_HOME, from its order to its end; each records every window. Ours starts its plugin "
    "and asks it for all of them, and has windows stored together, as `dataq` always has; the bare "
    "asset one by one, as Dagster does unless it is told otherwise."
)


def run(setting: Setting) -> list[Measure]:
    """Return how many times longer it takes."""
    with setting.folder("backfill") as folder:
        (folder / "tree").mkdir()
        home = make_home(folder / "home", folder / "tree")
        pairs = paired(
            max(3, setting.runs), lambda: _seconds(home, "ours"), lambda: _seconds(home, "bare")
        )
    name = f"backfill of {WINDOWS} windows of an empty source: bare Dagster asset"
    return [pairs.times_as_long(name, BAR, NOTE)]


def _seconds(home: Path, which: str) -> float:
    argv = [sys.executable, str(DRIVERS / "backfill.py"), which, FIRST, LAST]
    done = command(argv, env={"DATAQ_HOME": str(home)}).json()
    if done["windows"] != WINDOWS:
        raise BenchFailed(f"{which}: {done['windows']} windows recorded, not {WINDOWS}")
    return float(done["seconds"])
