"""The command: runs the benches, prints a table, and fails if a bar is missed."""

from __future__ import annotations

import argparse
import importlib
import os
import pkgutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from benchmarks import benches
from benchmarks.command import BenchFailed
from benchmarks.machine import machine
from benchmarks.measure import Measure
from benchmarks.report import VERDICTS, as_json, table, write_page
from benchmarks.setting import Setting


class Bench(Protocol):
    """A module of `benchmarks.benches`."""

    __doc__: str | None

    def run(self, setting: Setting) -> list[Measure]:
        """Measure and return the figures."""


def every_bench() -> dict[str, Bench]:
    """The benches by name, in the order of their names."""
    names = sorted(module.name for module in pkgutil.iter_modules(benches.__path__))
    modules = {name: importlib.import_module(f"benchmarks.benches.{name}") for name in names}
    return {name.replace("_", "-"): module for name, module in modules.items()}


def main(argv: Sequence[str] | None = None) -> int:
    """Run what was asked for; 0 if no bar was missed and nothing failed."""
    known = every_bench()
    asked = _arguments(known, argv)
    if asked.list:
        for name, bench in known.items():
            print(f"{name:16} {(bench.__doc__ or '').splitlines()[0]}")
        return 0
    asked.work.mkdir(parents=True, exist_ok=True)
    asked.cache.mkdir(parents=True, exist_ok=True)
    setting = Setting(asked.work, asked.cache, asked.scale, asked.runs)
    facts = machine()
    measures, failed = _measure({name: known[name] for name in asked.only or known}, setting)
    print(as_json(measures, facts, setting) if asked.json else table(measures))
    if not asked.json:
        print("\n" + "\n".join(f"{name}: {value}" for name, value in facts.items()))
    if asked.write:
        write_page(measures, facts, setting)
    return 1 if failed or any(measure.passed is False for measure in measures) else 0


def _measure(chosen: dict[str, Bench], setting: Setting) -> tuple[list[Measure], bool]:
    measures: list[Measure] = []
    failed = False
    for name, bench in chosen.items():
        print(f"{name}: {(bench.__doc__ or '').splitlines()[0]}", file=sys.stderr, flush=True)
        try:
            found = bench.run(setting)
        except BenchFailed as error:
            print(f"  failed: {error}", file=sys.stderr)
            failed = True
            continue
        for measure in found:
            setting.say(f"{measure.name}: {measure.shown()} {VERDICTS[measure.passed]}")
        measures += found
    return measures, failed


def _arguments(known: dict[str, Bench], argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "--only", action="append", choices=list(known), help="this bench; repeatable"
    )
    parser.add_argument("--scale", type=float, default=1.0, help="sizes; the bars are for 1")
    parser.add_argument("--runs", type=int, default=5, help="pairs; the median counts")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.add_argument(
        "--write", action="store_true", help="put the figures into docs/benchmarks.md"
    )
    parser.add_argument("--list", action="store_true", help="list the benches")
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser())
    parser.add_argument("--cache", type=Path, default=cache / "dataq-bench", help="for own venvs")
    work = Path(tempfile.gettempdir())
    parser.add_argument("--work", type=Path, default=work, help="a disk with some 30 GB to spare")
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(main())
