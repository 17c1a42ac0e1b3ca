"""From files to searchable with `dataq run`, against a plain script with the same libraries."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from pathlib import Path

from benchmarks.command import run as command
from benchmarks.homes import count, dataq_run, make_home
from benchmarks.measure import Bar, Measure, median, paired
from benchmarks.setting import REFERENCES, Setting, corpus
from benchmarks.trees import mails, pages

MAILS, PAGES = 1_500, 2_000
BAR = Bar(0.9, "least")


def run(setting: Setting) -> list[Measure]:
    """Return a figure for mails and one for pages."""
    kind = "mails of the corpus" if corpus() else "made-up mails"
    return [
        _measure(setting, f"{MAILS:,} {kind}", lambda tree: mails(tree, setting.scaled(MAILS, 50))),
        _measure(
            setting, f"{PAGES:,} pages of HTML", lambda tree: pages(tree, setting.scaled(PAGES, 50))
        ),
    ]


def _measure(setting: Setting, what: str, make: Callable[[Path], object]) -> Measure:
    with setting.folder("whole-way") as folder:
        make(folder / "tree")
        segments: list[int] = []
        pairs = paired(
            setting.runs,
            lambda: _ours(folder, segments),
            lambda: _reference(folder, segments),
        )
    speed = tuple(1 / ratio for ratio in pairs.ratios)
    return Measure(
        f"whole way, {what}",
        median(speed),
        "×",
        BAR,
        f"{median(pairs.ours):.1f} s",
        f"{median(pairs.reference):.1f} s",
        speed,
        f"Wall clock of the whole command, starting Python included. {min(segments):,} to "
        f"{max(segments):,} segments.",
    )


def _ours(folder: Path, segments: list[int]) -> float:
    home = make_home(folder / "home", folder / "tree")
    seconds = dataq_run(home).seconds
    segments.append(count(home, "segments"))
    shutil.rmtree(home)
    return seconds


def _reference(folder: Path, segments: list[int]) -> float:
    out = folder / "out"
    done = command([sys.executable, REFERENCES / "whole_way.py", folder / "tree", out])
    segments.append(int(done.json()["segments"]))
    shutil.rmtree(out)
    return done.seconds
