"""`dataq search WORDS` in a process of its own, over 100,000 segments."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from benchmarks.command import DATAQ
from benchmarks.command import run as command
from benchmarks.measure import Bar, Measure, median
from benchmarks.questions import percentile, questions
from benchmarks.segments import publish_segments, segments
from benchmarks.setting import Setting

MADE, SEGMENTS, QUERIES = 1_000_000, 100_000, 20
BAR = Bar(600, "most")
MODES = ("hybrid", "text", "vector")
OPEN = (
    "import sys; from dataq_lake.lake import open_lake; index = open_lake(sys.argv[1]).index(); "
    "index.text; print([part.index.ntotal for part in index.parts])"
)


def run(setting: Setting) -> list[Measure]:
    """Return the 95th percentile of each mode, with a bare Python and one that opens the index."""
    from dataq_lake.lake import open_lake

    found = segments(setting, setting.scaled(MADE, 1_000))
    count = setting.scaled(SEGMENTS, 1_000)
    asked = questions(found, setting.scaled(QUERIES, 5))
    with setting.folder("shell-search") as home:
        publish_segments(open_lake(home / "lake"), found, stop=count)
        seconds = _seconds(home, asked, setting.runs)
    own = ", ".join(
        f"{what} {1000 * median(seconds[what]):.0f} ms" for what in ("python -c pass", "index open")
    )
    note = (
        f"{count:,} segments, {len(asked)} questions, each in a new process, "
        f"{setting.runs} times, from before the process starts until it has ended; the files are "
        "in the page cache. The reference is the median of a Python that does nothing and of one "
        "that imports what opens an index, opens it, and ends."
    )
    return [_figure(f"`dataq search`, {mode}, p95", seconds[mode], own, note) for mode in MODES]


def _seconds(home: Path, asked: list[str], runs: int) -> dict[str, list[float]]:
    """Of each command, all in turn, so that what the machine does meanwhile hits them alike."""
    seconds: dict[str, list[float]] = {}
    for number in range(runs + 1):
        for words in asked:
            for name, argv in _commands(home, words):
                took = command(argv).seconds
                if number:  # the first round fills the page cache
                    seconds.setdefault(name, []).append(took)
    return seconds


def _commands(home: Path, words: str) -> Iterator[tuple[str, list[str]]]:
    yield "python -c pass", [sys.executable, "-c", "pass"]
    yield "index open", [sys.executable, "-c", OPEN, str(home / "lake")]
    for mode in MODES:
        yield mode, [*DATAQ, "--home", str(home), "search", "--mode", mode, "--", words]


def _figure(name: str, seconds: list[float], reference: str, note: str) -> Measure:
    each = tuple(1000 * one for one in seconds)
    ours = f"median {median(each):.0f} ms, most {max(each):.0f} ms"
    return Measure(name, percentile(each), "ms", BAR, ours, reference, each, note)
