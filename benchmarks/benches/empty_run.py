"""A `dataq run` with nothing to do, against a script that materializes one asset with Dagster."""

from __future__ import annotations

import sys
from pathlib import Path

from benchmarks.command import run as command
from benchmarks.homes import dataq_run, make_home
from benchmarks.measure import Bar, Measure, paired
from benchmarks.setting import REFERENCES, Setting
from benchmarks.trees import files

BAR = Bar(1.6, "most")
NOTE = "Wall clock of both commands on one DAGSTER_HOME; the source has files, none changed."


def run(setting: Setting) -> list[Measure]:
    """Return how many times longer the command takes."""
    with setting.folder("empty-run") as folder:
        files(folder / "tree", 20)
        home = make_home(folder / "home", folder / "tree")
        dataq_run(home)
        dataq_run(home)
        pairs = paired(max(3, setting.runs), lambda: dataq_run(home).seconds, lambda: _bare(home))
    return [pairs.times_as_long("empty `dataq run`: bare Dagster", BAR, NOTE)]


def _bare(home: Path) -> float:
    argv = [sys.executable, str(REFERENCES / "bare_dagster.py")]
    return command(argv, env={"DAGSTER_HOME": str(home / "dagster")}).seconds
