"""Reading a lake that 2,000 tiny runs wrote, after maintenance, against one written at once."""

from __future__ import annotations

import sys
from pathlib import Path

from benchmarks.command import run as command
from benchmarks.measure import Bar, Measure, Pairs, median, paired
from benchmarks.setting import DRIVERS, Setting

RUNS, SEGMENTS = 2_000, 20
PUBLISHED = 10


def run(setting: Setting) -> list[Measure]:
    """Return the figure after maintenance, and for comparison the one before it."""
    writes = setting.scaled(RUNS, 50)
    driver = DRIVERS / "upkeep.py"
    with setting.folder("upkeep") as folder:
        sizes = (str(writes), str(SEGMENTS), str(PUBLISHED))
        command([sys.executable, driver, "write", folder / "once", *sizes, "once"])
        setting.say(f"{writes:,} tiny writes")
        wrote = command([sys.executable, driver, "write", folder / "tiny", *sizes, "tiny"]).json()
        before = paired(3, lambda: _read(folder / "tiny"), lambda: _read(folder / "once"))
        upkeep = command([sys.executable, driver, "maintain", folder / "tiny"]).json()
        after = paired(
            max(3, setting.runs), lambda: _read(folder / "tiny"), lambda: _read(folder / "once")
        )
    note = (
        f"{writes:,} appends to raw and to segments of {SEGMENTS} rows each, a state with each, "
        f"and a publication of the index after every {PUBLISHED}; {wrote['seconds']:.0f} s. "
        "Reading is opening the lake, five SQL queries and a scan of every column of both tables, "
        f"and ten searches. Maintenance took {upkeep['seconds']:.0f} s and left "
        f"{upkeep['files']:,} live files of {wrote['files']:,}, {upkeep['parts']} parts of the "
        f"index of {wrote['parts']}, {upkeep['states']} states of {wrote['states']:,}."
    )
    return [
        _measure(f"reading a lake of {RUNS:,} tiny runs, after maintenance", after, note, 1.5),
        _measure("the same before maintenance, with what daily runs do", before, "", None),
    ]


def _measure(name: str, pairs: Pairs, note: str, bar: float | None) -> Measure:
    return Measure(
        name,
        median(pairs.ratios),
        "×",
        Bar(bar, "most") if bar else None,
        f"{median(pairs.ours):.2f} s",
        f"{median(pairs.reference):.2f} s",
        pairs.ratios,
        note,
    )


def _read(lake: Path) -> float:
    return float(command([sys.executable, DRIVERS / "upkeep.py", "read", lake]).json()["seconds"])
