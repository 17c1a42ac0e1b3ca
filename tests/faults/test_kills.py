"""Killed at any moment, a run is taken up by the next one, which ends where one alone would have."""

from __future__ import annotations

import random
import shutil
from collections import Counter
from pathlib import Path

import pytest

from tests.faults.conftest import Undisturbed
from tests.faults.points import Point
from tests.faults.stand import (
    Server,
    contents,
    copied,
    differences,
    halves,
    held_locks,
    lake_of,
    moments,
)

SEED = 20_261_122
POINTS = 60
QUICK = 6
ALWAYS = ("commit", "blob", "state", "publish", "index row")


def chosen(seen: list[str]) -> list[Point]:
    """Plugin and worker, then each commit, blob, state and publication, the rest by chance."""
    counted: Counter[str] = Counter()
    every = []
    for moment in seen:
        counted[moment] += 1
        every.append(Point(moment, counted[moment]))
    message = [Point(each.moment, each.number, "plugin") for each in every if "mess" in str(each)]
    worker = [Point(each.moment, each.number, "worker") for each in every if "worker" in str(each)]
    runs = [each for each in every if not each.moment.endswith(("message", "worker"))]
    first = [each for each in runs if each.number == 1 and _is_one_of(ALWAYS, each)]
    others = [each for each in runs if each not in first]
    mixed = random.Random(SEED)
    mixed.shuffle(first)
    mixed.shuffle(others)
    return [*message[-3:], *worker[:2], *first, *others][:POINTS]


def _is_one_of(words: tuple[str, ...], point: Point) -> bool:
    return point.moment.split(" ", 1)[1].startswith(words)


def check(server: Server, undisturbed: Undisturbed, folder: Path, number: int) -> None:
    """Kills a run at one point, looks at what is visible, runs again and compares."""
    point = chosen(undisturbed.moments)[number]
    home = copied(undisturbed.template, folder / "home")
    killed = server.dataq(home, "run", kill=point)
    assert point.moment in moments(home), f"{point} never came"
    assert killed.code == (-9 if point.victim == "run" else 1), (str(point), killed.out)
    assert killed.left == []
    assert held_locks(home) == []
    assert halves(lake_of(home)) == [], str(point)
    again = server.dataq(home, "run")
    assert (again.code, again.left) == (0, []), (str(point), again.out)
    lake = lake_of(home)
    assert halves(lake) == [], str(point)
    assert differences(contents(lake), undisturbed.contents) == [], str(point)
    shutil.rmtree(home)


@pytest.mark.parametrize("number", range(QUICK))
def test_a_killed_run_is_taken_up(
    server: Server, undisturbed: Undisturbed, tmp_path: Path, number: int
) -> None:
    check(server, undisturbed, tmp_path, number * POINTS // QUICK)


@pytest.mark.heavy
@pytest.mark.parametrize("number", range(POINTS))
def test_a_run_killed_at_every_point_is_taken_up(
    server: Server, undisturbed: Undisturbed, tmp_path: Path, number: int
) -> None:
    check(server, undisturbed, tmp_path, number)
