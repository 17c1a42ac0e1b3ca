"""First archive of a folder into raw, against read, sha256 and Parquet in one process."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from benchmarks.command import run as command
from benchmarks.homes import make_home
from benchmarks.measure import Bar, Measure, median, paired
from benchmarks.setting import DRIVERS, REFERENCES, Setting
from benchmarks.trees import files

SIZES = ((20_000, 0.4), (100_000, 0.5))


def run(setting: Setting) -> list[Measure]:
    """Return a figure a size."""
    return [_measure(setting, count, bar) for count, bar in SIZES]


def _measure(setting: Setting, full: int, bar: float) -> Measure:
    count = setting.scaled(full, 200)
    with setting.folder("first-archive") as folder:
        setting.say(f"making {count:,} files")
        total = files(folder / "tree", count)
        pairs = paired(
            setting.runs if full < 50_000 else max(1, setting.runs // 2),
            lambda: 1 / _ours(folder, count),
            lambda: 1 / _reference(folder, count),
        )
    return Measure(
        f"first archive to raw, {full:,} files",
        median(pairs.ratios),
        "×",
        Bar(bar, "least"),
        f"{1 / median(pairs.ours):.1f} s",
        f"{1 / median(pairs.reference):.1f} s",
        pairs.ratios,
        f"{count:,} files, {total / 1e9:.2f} GB, log-normal around 50 kB, in the page cache. Time "
        "from the first question to the plugin to the last commit, without starting Python.",
    )


def _ours(folder: Path, count: int) -> float:
    home = make_home(folder / "home", folder / "tree")
    done = command([sys.executable, DRIVERS / "archive_raw.py", home]).json()
    shutil.rmtree(home)
    assert done["rows"] == count, done
    return float(done["seconds"])


def _reference(folder: Path, count: int) -> float:
    out = folder / "out.parquet"
    done = command([sys.executable, REFERENCES / "archive.py", folder / "tree", out]).json()
    out.unlink()
    assert done["rows"] == count, done
    return float(done["seconds"])
