"""The plugin wire with items of 1 MiB, against a raw pipe of the same bytes."""

from __future__ import annotations

import sys
from pathlib import Path

from benchmarks.command import run as command
from benchmarks.measure import Bar, Measure, median, paired
from benchmarks.setting import DRIVERS, REFERENCES, Setting

COUNT, SIZE = 4_000, 1 << 20


def run(setting: Setting) -> list[Measure]:
    """Return the share of the pipe's speed that items reach."""
    count = setting.scaled(COUNT, 100)
    pairs = paired(
        setting.runs,
        lambda: _speed(DRIVERS / "wire_host.py", count),
        lambda: _speed(REFERENCES / "raw_pipe.py", count),
    )
    return [
        Measure(
            "wire, 1 MiB items: raw pipe",
            median(pairs.ratios),
            "×",
            Bar(0.4, "least"),
            f"{median(pairs.ours) / 1e9:.2f} GB/s",
            f"{median(pairs.reference) / 1e9:.2f} GB/s",
            pairs.ratios,
            f"{count:,} items; wall clock from the first byte to the last.",
        )
    ]


def _speed(script: Path, count: int) -> float:
    done = command([sys.executable, script, str(count), str(SIZE)]).json()
    return float(done["bytes"] / done["seconds"])
