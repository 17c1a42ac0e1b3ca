"""A second run with nothing changed, and runs after 1 % changed, against the first run."""

from __future__ import annotations

import random
from dataclasses import dataclass
from pathlib import Path

from benchmarks.command import BenchFailed
from benchmarks.homes import count, dataq_run, make_home
from benchmarks.measure import Bar, Measure, median
from benchmarks.setting import Setting
from benchmarks.trees import files

COUNT, MEDIAN = 20_000, 4_000
WINDOW_SECONDS = 0.02
TABLES = (
    "raw", "items", "quarantine", "entities", "assets", "texts", "analyses", "messages",
    "segments", "embeddings", "snapshots",
)  # fmt: skip


@dataclass(frozen=True)
class Times:
    """Seconds of whole commands; `empty` is that of a source without files."""

    first: float
    empty: tuple[float, ...]
    second: tuple[float, ...]
    changed: tuple[float, ...]

    @property
    def work(self) -> float:
        """The first run without what every run costs."""
        return self.first - median(self.empty)


def run(setting: Setting) -> list[Measure]:
    """Return the share that a second run costs, and how near a changed one comes to its share."""
    amount = setting.scaled(COUNT, 200)
    with setting.folder("again") as folder:
        setting.say(f"making {amount:,} files")
        files(folder / "tree", amount, MEDIAN, sigma=0.7)
        times = _times(setting, folder, amount)
    return [_second(times, amount), _changed(times, amount)]


def _times(setting: Setting, folder: Path, amount: int) -> Times:
    (folder / "nothing").mkdir()
    nothing = make_home(folder / "empty-home", folder / "nothing")
    dataq_run(nothing)
    home = make_home(folder / "home", folder / "tree")
    first = dataq_run(home).seconds
    setting.say(f"first run: {first:.1f} s")
    rows = _rows(home)
    empty, second, changed = [], [], []
    for _ in range(max(3, setting.runs)):
        empty.append(dataq_run(nothing).seconds)
        second.append(dataq_run(home).seconds)
    if _rows(home) != rows:
        raise BenchFailed(f"a run with nothing changed wrote rows: {rows} became {_rows(home)}")
    for number in range(max(3, setting.runs)):
        _change(folder / "tree", number, amount)
        changed.append(dataq_run(home).seconds)
        empty.append(dataq_run(nothing).seconds)
    return Times(first, tuple(empty), tuple(second), tuple(changed))


def _second(times: Times, amount: int) -> Measure:
    shares = tuple((second - median(times.empty)) / times.work for second in times.second)
    return Measure(
        "second run, nothing changed",
        median(shares),
        "%",
        Bar(0.02, "most"),
        f"{median(times.second):.2f} s",
        f"{times.first:.1f} s",
        shares,
        f"{amount:,} text files of about {MEDIAN:,} bytes. From both times that of an empty run is "
        f"taken ({median(times.empty):.2f} s). No table has a row more.",
    )


def _changed(times: Times, amount: int) -> Measure:
    due = median(times.empty) + times.work / 100 + WINDOW_SECONDS
    return Measure(
        "run after 1 % changed",
        median(times.changed) / due,
        "×",
        Bar(1.5, "most"),
        f"{median(times.changed):.2f} s",
        f"{due:.2f} s",
        tuple(seconds / due for seconds in times.changed),
        f"{max(1, amount // 100):,} of the same files are written anew, all in the current window. "
        "The reference is an empty run, 1 % of the first one's work, and 20 ms for the window.",
    )


def _change(tree: Path, number: int, amount: int) -> None:
    paths = sorted(path for path in tree.rglob("*") if path.is_file())
    for path in random.Random(number).sample(paths, max(1, amount // 100)):
        path.write_text(f"Changed for the {number}th time.\n" + path.read_text())


def _rows(home: Path) -> dict[str, int]:
    return {table: count(home, table) for table in TABLES}
