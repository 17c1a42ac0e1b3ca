"""Loading the code location with fifty sources, against importing Dagster alone."""

from __future__ import annotations

import sys
from pathlib import Path

from benchmarks.command import run as command
from benchmarks.homes import declare_sources
from benchmarks.measure import Bar, Measure, paired
from benchmarks.setting import Setting

SOURCES = 50
BAR = Bar(2, "most")
OURS = "import dataq_assets.definitions as m; m.definitions().get_repository_def()"
BARE = "import dagster"
NOTE = (
    "Processor time of a new process, without starting Python; each source has a sensor and a "
    "schedule."
)


def run(setting: Setting) -> list[Measure]:
    """Return how many times as much processor time it takes."""
    sources = setting.scaled(SOURCES, 2)
    with setting.folder("code-location") as folder:
        declare_sources(folder, folder, sources)
        pairs = paired(
            max(3, setting.runs), lambda: _seconds(folder, OURS), lambda: _seconds(folder, BARE)
        )
    name = f"load of the code location with {sources} sources: import dagster"
    return [pairs.times_as_long(name, BAR, NOTE)]


def _seconds(home: Path, statement: str) -> float:
    script = f"import time; t = time.process_time(); {statement}; print(time.process_time() - t)"
    done = command([sys.executable, "-c", script], env={"DATAQ_HOME": str(home)})
    return float(done.out.strip().splitlines()[-1])
