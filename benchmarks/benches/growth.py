"""How the time for one small item grows as there are ten and a hundred times as many of them."""

from __future__ import annotations

from benchmarks.command import Done
from benchmarks.homes import dataq_run, make_home
from benchmarks.measure import Bar, Measure, median
from benchmarks.setting import Setting
from benchmarks.trees import files

COUNTS = (5_000, 50_000, 500_000)
MEDIAN = 500


def run(setting: Setting) -> list[Measure]:
    """Return, for each larger count, its time for an item against that of the smallest."""
    counts = [setting.scaled(count, 50) for count in COUNTS]
    small, *larger = counts
    base = median([_each(setting, small).seconds for _ in range(max(1, setting.runs // 2))]) / small
    return [_measure(setting, count, base) for count in larger]


def _measure(setting: Setting, count: int, base: float) -> Measure:
    done = _each(setting, count)
    each = done.seconds / count
    return Measure(
        f"growth, {count:,} small items",
        each / base,
        "×",
        Bar(1.25, "most"),
        f"{each * 1000:.2f} ms an item",
        f"{base * 1000:.2f} ms an item",
        (),
        f"Files of about {MEDIAN} bytes, from `dataq run` to its end: {done.seconds:.0f} s, "
        f"{done.cpu:.0f} s of processor time, at most {done.peak_pss / 1e9:.2f} GB.",
    )


def _each(setting: Setting, count: int) -> Done:
    with setting.folder("growth") as folder:
        setting.say(f"making {count:,} files")
        files(folder / "tree", count, MEDIAN, sigma=0.5)
        return dataq_run(make_home(folder / "home", folder / "tree"), watch_memory=True)
