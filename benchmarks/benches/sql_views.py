"""Five SQL queries over segments through the lake's views, against read_parquet of their files."""

from __future__ import annotations

import sys

from benchmarks.command import run as command
from benchmarks.measure import Bar, Measure, median
from benchmarks.setting import DRIVERS, Setting

SEGMENTS = 1_000_000


def run(setting: Setting) -> list[Measure]:
    """Return a figure a query."""
    count = setting.scaled(SEGMENTS, 10_000)
    driver = DRIVERS / "sql_views.py"
    with setting.folder("sql-views") as folder:
        setting.say(f"writing {count:,} segments")
        command([sys.executable, driver, "write", folder / "lake", str(count)])
        done = command([sys.executable, driver, "ask", folder / "lake", str(setting.runs)])
    note = (
        f"{count:,} segments. DuckDB with the same limits of memory; each query anew with a "
        "connection of its own, from the text to the last row."
    )
    measures: list[Measure] = []
    for name, (ours, reference) in done.json().items():
        ratios = tuple(a / b for a, b in zip(ours, reference, strict=True))
        measures.append(
            Measure(
                f"SQL over 1 M segments: {name}",
                median(ratios),
                "×",
                Bar(1.3, "most"),
                f"{median(ours) * 1000:.0f} ms",
                f"{median(reference) * 1000:.0f} ms",
                ratios,
                note if not measures else "",
            )
        )
    return measures
