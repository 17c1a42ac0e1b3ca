"""The relation similar_to over a million assets, against FAISS alone, and a pass after 1 % more."""

from __future__ import annotations

import sys

from benchmarks.command import run as command
from benchmarks.measure import Bar, Measure
from benchmarks.segments import segments
from benchmarks.setting import DRIVERS, Setting

ASSETS, ASKED = 1_000_000, 1_000
DRIVER = DRIVERS / "similar.py"
Told = dict[str, float]
"""What a driver prints: seconds of `cpu` and `wall`, GB of `memory`, and what it has found."""
ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1"}  # as DataQ's own processes have it


def run(setting: Setting) -> list[Measure]:
    """Return how many times as long as FAISS a pass takes, the share of 1 % more, and recall."""
    found = segments(setting)
    whole = min(setting.scaled(ASSETS, 30_000), len(found))
    most = whole * 99 // 100
    with setting.folder("similar") as folder:
        lake = folder / "lake"
        setting.say(f"writing {most:,} assets")
        _ask("write", lake, found.folder, 0, most)
        full = _ask("relate", lake, **ONE_THREAD)
        setting.say(f"full pass: {full}")
        recall = _ask("recall", lake, found.folder, most, ASKED)
        setting.say(f"recall: {recall}")
        bare = _ask("bare", found.folder, most, ASKED, recall["recall"])
        setting.say(f"FAISS: {bare}")
        _ask("write", lake, found.folder, most, whole)
        more = _ask("relate", lake, **ONE_THREAD)
        setting.say(f"after 1 % more: {more}")
    return [_whole(most, full, bare), *_grown(whole - most, more, full, bare), _found(recall)]


def _whole(most: int, full: Told, bare: Told) -> Measure:
    note = (
        f"{most:,} real passages as assets of their own, by CPU time; by the clock "
        f"{full['wall']:.0f} s and {bare['wall']:.0f} s. Ours is a whole pass: it reads tables, "
        f"stores positions and {full['edges']:,.0f} edges, and takes {full['memory']:.1f} GB of "
        f"memory. The reference has the vectors in memory, makes an IVF index of as many lists and "
        f"asks it for 10 neighbours of each in {bare['probes']:.0f} of them, which is what "
        f"{bare['recall']:.3f} of the exact neighbours over .75 take ({bare['memory']:.1f} GB)."
    )
    return Measure(
        f"similar_to: a full pass over {most / 1e6:g} M assets",
        full["cpu"] / bare["cpu"],
        "×",
        Bar(1.3, "most"),
        f"{full['cpu']:.0f} s",
        f"{bare['cpu']:.0f} s",
        note=note,
    )


def _grown(new: int, more: Told, full: Told, bare: Told) -> list[Measure]:
    return [
        Measure(
            "similar_to: after 1 % more assets",
            more["cpu"] / bare["cpu"],
            "%",
            Bar(0.03, "most"),
            f"{more['cpu']:.1f} s",
            f"{bare['cpu']:.0f} s",
            note=f"{new:,} assets more, against FAISS over those before; by the clock "
            f"{more['wall']:.1f} s.",
        ),
        Measure(
            "similar_to: after 1 % more assets, of a full pass of ours",
            more["cpu"] / full["cpu"],
            "%",
            None,
            f"{more['cpu']:.1f} s",
            f"{full['cpu']:.0f} s",
            note="The tables are read and the edges that others have displaced are taken out of "
            "their files, however few are new; comparing alone is 2 % (new with old, twice).",
        ),
    ]


def _found(recall: Told) -> Measure:
    return Measure(
        "similar_to: edges found of those that there are",
        recall["recall"],
        "%",
        None,
        f"{recall['recall']:.3f}",
        "exact 1",
        note=f"The {recall['wanted']:,.0f} exact neighbours over .75 of {ASKED:,} assets.",
    )


def _ask(*words: object, **env: str) -> Told:
    done = command([sys.executable, DRIVER, *map(str, words)], env=env)
    told: Told = done.json()
    return told
