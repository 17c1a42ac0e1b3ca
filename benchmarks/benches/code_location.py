"""Loading the code location with fifty sources, against importing Dagster alone."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from benchmarks.command import run as command
from benchmarks.measure import Bar, Measure, median, paired
from benchmarks.setting import Setting

SOURCES = 50
BAR = Bar(2, "most")
DEFS = """\
type: dataq_assets.components.SourcePlugin
attributes:
  name: {name}
  plugin: file_scanner
  config:
    root: {root}
  schedules:
    - cron: "0 6 * * *"
"""
OURS = "import dataq_assets.definitions as m; m.definitions().get_repository_def()"


def run(setting: Setting) -> list[Measure]:
    """Return how many times as much processor time it takes."""
    sources = setting.scaled(SOURCES, 2)
    with setting.folder("code-location") as folder:
        for number in range(sources):
            file = folder / "sources" / f"source_{number:02}" / "defs.yaml"
            file.parent.mkdir(parents=True)
            file.write_text(DEFS.format(name=file.parent.name, root=folder))
        pairs = paired(
            max(3, setting.runs),
            lambda: _seconds(folder, OURS),
            lambda: _seconds(folder, "import dagster"),
        )
    return [
        Measure(
            f"load of the code location with {sources} sources: import dagster",
            median(pairs.ratios),
            "×",
            BAR,
            f"{median(pairs.ours):.2f} s",
            f"{median(pairs.reference):.2f} s",
            pairs.ratios,
            "Processor time of a new process, without starting Python; each source has a sensor "
            "and a schedule.",
        )
    ]


def _seconds(home: Path, statement: str) -> float:
    script = f"import time; t = time.process_time(); {statement}; print(time.process_time() - t)"
    done = command([sys.executable, "-c", script], env={**os.environ, "DATAQ_HOME": str(home)})
    return float(done.out.strip().splitlines()[-1])
