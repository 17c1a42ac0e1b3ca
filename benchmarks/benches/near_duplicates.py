"""Near-duplicates among 100,000 documents, against every pair of Jaccard .7 or more."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from benchmarks.command import run as command
from benchmarks.measure import Bar, Measure, median
from benchmarks.setting import DRIVERS, Setting

COUNT, WORDS, CHANGED = 100_000, 150, 0.05
LONG_COUNT, LONG_WORDS = 10_000, 1_500
GROUP, GROUP_CHANGED = 1_000, 0.02
SPEED = "documents/core-s"


def run(setting: Setting) -> list[Measure]:
    """Return recall, precision, speed, and what becomes of very many that are alike."""
    driver = DRIVERS / "near_duplicates.py"
    runs = str(setting.runs)
    counts = (setting.scaled(COUNT, 2_000), setting.scaled(LONG_COUNT, 500))
    group = setting.scaled(GROUP, 100)
    with setting.folder("alike") as folder:

        def asked(what: str, name: str, *numbers: float) -> dict[str, Any]:
            setting.say(f"{what}: {numbers[0]:,} documents of about {numbers[1]} words")
            argv: list[str | Path] = [
                sys.executable,
                driver,
                what,
                folder / name,
                *map(str, numbers),
                runs,
            ]
            return command(argv).json()

        short = asked("pairs", "short", counts[0], WORDS, CHANGED)
        long = asked("pairs", "long", counts[1], LONG_WORDS, CHANGED)
        many = asked("group", "group", group, WORDS, GROUP_CHANGED)
    return [
        *_found(short, counts[0]),
        _speed("texts to pairs", counts[0], short["pure"], Bar(20_000, "least")),
        _speed("tables to durable edges", counts[0], [cpu for _, cpu in short["whole"]]),
        _speed(f"{LONG_WORDS:,} words each", counts[1], long["pure"]),
        _group(many, group),
    ]


def _found(told: dict[str, Any], count: int) -> list[Measure]:
    exact = f"{told['exact']:,} pairs"
    note = (
        f"{count:,} documents of {told['words']:.0f} words, {told['bytes']:.0f} bytes on average: "
        "of five, three are new, one is the last with each word changed by a chance of 5 %, one "
        "with 20 %. A changed word changes three runs of three words: of both together 75 % are "
        "then the same on average, some pairs below .7. The reference is every pair of .7 or more "
        "in all documents, found without hashes of ours and compared as sets of words. Pairs, not "
        "groups, are counted: of edges as they are stored."
    )
    return [
        Measure(
            "near-duplicates, recall",
            told["hit"] / told["exact"],
            "%",
            Bar(0.95, "least"),
            f"{told['hit']:,} pairs",
            exact,
            note=note,
        ),
        Measure(
            "near-duplicates, precision",
            told["hit"] / max(1, told["stored"]),
            "%",
            Bar(0.98, "least"),
            f"{told['stored']:,} edges",
            exact,
            note="Each pair is compared in full before it becomes an edge.",
        ),
    ]


def _speed(what: str, count: int, seconds: list[float], bar: Bar | None = None) -> Measure:
    runs = tuple(count / each for each in seconds)
    notes = {
        "texts to pairs": "The code that the relation runs, in one process, texts in memory; "
        "processor time of all threads.",
        "tables to durable edges": "The whole relation, as `dataq relate near_duplicate_of` does "
        "it: what is current, texts read from the lake, worker processes and their start, "
        "sketches and edges committed. Processor time of all processes.",
    }
    return Measure(
        f"near-duplicates, {what}",
        median(runs),
        SPEED,
        bar,
        f"{median(seconds):.2f} CPU-s",
        "",
        runs,
        notes.get(what, f"{count:,} documents, texts to pairs."),
    )


def _group(told: dict[str, Any], count: int) -> Measure:
    return Measure(
        "near-duplicates, a group of 1,000 alike, held together",
        told["reach"] / told["exact_reach"],
        "%",
        None,
        f"{told['edges']:,} edges",
        f"{told['exact']:,} pairs",
        note=f"{count:,} variants of one document, each word changed by a chance of 2 %. Of "
        f"those that every pair together connects ({told['exact_reach']:,}), so many are one group "
        "by the edges that are stored.",
    )
