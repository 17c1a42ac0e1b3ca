"""The plugin wire with items of 500 bytes, against airbyte-cdk and singer-sdk."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from benchmarks import command
from benchmarks.command import BenchFailed
from benchmarks.measure import Bar, Measure, median, paired
from benchmarks.setting import DRIVERS, REFERENCES, Setting
from benchmarks.venvs import python_with

OURS, THEIRS = 400_000, 60_000
SIZE = 500
FRAMEWORKS = (
    ("airbyte", "airbyte-cdk==7.39.1", 5.0),
    ("singer", "singer-sdk==0.54.9", 10.0),
)
WAYS = (("source", "a whole source"), ("lean", "its messages alone"))
NOTE = (
    "Records per second of processor time of both ends together, from the first record to the "
    "last; start-up is not counted on either side. Both ends hold the record in the framework's "
    "own objects."
)


def run(setting: Setting) -> list[Measure]:
    """Return a figure a framework and way of using it; the bar is for a whole source."""
    return [
        _compare(setting, name, requirement, way, words, Bar(bar, "least"))
        for name, requirement, bar in FRAMEWORKS
        for way, words in WAYS
    ]


def _compare(
    setting: Setting, name: str, requirement: str, way: str, words: str, bar: Bar
) -> Measure:
    python = python_with(setting, requirement)
    pairs = paired(
        setting.runs,
        lambda: _ours(setting.scaled(OURS, 20_000)),
        lambda: _theirs(python, name, way, setting.scaled(THEIRS, 5_000)),
    )
    return Measure(
        f"wire, 500-byte items: {requirement.replace('==', ' ')}, {words}",
        median(pairs.ratios),
        "×",
        bar if way == "source" else None,
        f"{median(pairs.ours):,.0f} records/CPU-s",
        f"{median(pairs.reference):,.0f} records/CPU-s",
        pairs.ratios,
        NOTE,
    )


def _ours(count: int) -> float:
    done = command.run([sys.executable, DRIVERS / "wire_host.py", str(count), str(SIZE)]).json()
    return float(done["records"] / done["cpu"])


def _theirs(python: Path, name: str, way: str, count: int) -> float:
    emit = [str(python), str(REFERENCES / f"{name}_emit.py"), way, str(count)]
    parse = [str(python), str(REFERENCES / f"{name}_parse.py")]
    with (
        subprocess.Popen(emit, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as first,
        subprocess.Popen(
            parse, stdin=first.stdout, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as second,
    ):
        out, told = second.communicate()
        assert first.stderr is not None
        told += first.stderr.read()
    costs = dict(re.findall(r"^cpu (\w+) (\S+)$", told, re.MULTILINE))
    if out.strip() != str(count) or set(costs) != {"emit", "parse"}:
        raise BenchFailed(f"{name} {way}: {out.strip()!r} of {count} records\n{told[-1000:]}")
    return count / sum(map(float, costs.values()))
