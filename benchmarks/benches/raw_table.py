"""Rows into a raw table by the lake's append, against bare pyarrow Parquet and dlt's Arrow path."""

from __future__ import annotations

import sys
from pathlib import Path

from benchmarks.command import run as command
from benchmarks.measure import Bar, Measure, median, paired
from benchmarks.setting import DRIVERS, REFERENCES, Setting
from benchmarks.venvs import python_with

DLT = "dlt[deltalake,parquet]==1.31.0"
VERSION = DLT.partition("==")[2]
DLT_NOTE = "The five columns alone, from the first batch to the end of the pipeline's run."
SHAPES = (
    ("1 M rows of 5 columns", "rows", 1_000_000),
    ("10,000 payloads of 20 kB", "payloads", 10_000),
)


def run(setting: Setting) -> list[Measure]:
    """Return two figures for each shape of rows."""
    return [each for shape in SHAPES for each in _measures(setting, *shape)]


def _measures(setting: Setting, words: str, shape: str, full: int) -> list[Measure]:
    count = setting.scaled(full, 1_000)
    python = python_with(setting, DLT)
    with setting.folder("raw-table") as folder:
        made = folder / "rows.arrow"
        command([sys.executable, DRIVERS / "raw_table.py", "make", shape, str(count), made])
        bare = paired(
            setting.runs,
            lambda: 1 / _ours(folder, made, count),
            lambda: 1 / _bare(folder, made, count),
        )
        theirs = {
            form: paired(
                max(1, setting.runs // 2 + 1),
                lambda: 1 / _ours(folder, made, count),
                lambda form=form: 1 / _dlt(python, folder, made, form, count),  # type: ignore[misc]
            )
            for form in ("delta", "parquet")
        }
    return [
        Measure(
            f"raw table, {words}: {name}",
            median(pairs.ratios),
            "×",
            Bar(bar, "least") if bar else None,
            f"{1 / median(pairs.ours):.2f} s",
            f"{1 / median(pairs.reference):.2f} s",
            pairs.ratios,
            note,
        )
        for name, bar, pairs, note in (
            ("pyarrow Parquet", 0.5, bare, _note(count, "brought to disk, as ours is")),
            (f"dlt {VERSION} to Delta", 4.0, theirs["delta"], DLT_NOTE),
            (f"dlt {VERSION} to Parquet", None, theirs["parquet"], "Files without a table."),
        )
    ]


def _note(count: int, more: str) -> str:
    return (
        f"{count:,} rows in batches of 50,000 or 250, read into memory before the clock starts. "
        f"Ours has all 19 columns of raw, those that are not given null; the reference writes the "
        f"five given ones with its own defaults, {more}."
    )


def _ours(folder: Path, made: Path, count: int) -> float:
    return _seconds([sys.executable, DRIVERS / "raw_table.py", "ours", made, folder / "o"], count)


def _bare(folder: Path, made: Path, count: int) -> float:
    return _seconds([sys.executable, DRIVERS / "raw_table.py", "bare", made, folder / "b"], count)


def _dlt(python: Path, folder: Path, made: Path, form: str, count: int) -> float:
    return _seconds([python, REFERENCES / "dlt_arrow.py", made, folder / "d", form], count)


def _seconds(argv: list[str | Path], count: int) -> float:
    found = command(argv).json()
    assert found["rows"] == count, found
    return float(found["seconds"])
