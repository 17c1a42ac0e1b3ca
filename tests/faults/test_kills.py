"""Killed at any moment, a run is taken up by the next, which ends where one alone would have."""

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
    Told,
    contents,
    copied,
    differences,
    halves,
    held_locks,
    lake_of,
    moments,
    some,
)

SEED = 20_261_123
POINTS = 60
WORKERS = 2
PAIRS = (POINTS - WORKERS) // 2
WORK = "after work"
ALWAYS = ("commit", "blob", "state", "index part", "index join", "publish snapshots", "index row")


def chosen(seen: list[str]) -> list[Point]:
    """A worker's first two, each commit, blob, state and index part, the rest by chance."""
    counted: Counter[str] = Counter()
    every = []
    for moment in seen:
        counted[moment] += 1
        every.append(Point(moment, counted[moment]))
    workers = [Point(each.moment, each.number, "worker") for each in every if each.moment == WORK]
    runs = [each for each in every if not each.moment.endswith(" work")]
    always = [each for each in runs if _is_one_of(ALWAYS, each)]
    others = [each for each in runs if each not in always]
    mixed = random.Random(SEED)
    mixed.shuffle(always)
    mixed.shuffle(others)
    return [*workers[:WORKERS], *always, *others][:POINTS]


def paired(seen: list[str]) -> list[tuple[Point, Point]]:
    """Those that kill the run, two and two: one of the first half of a run, one of the second."""
    counted: Counter[str] = Counter()
    order = {}
    for place, moment in enumerate(seen):
        counted[moment] += 1
        order[Point(moment, counted[moment])] = place
    points = sorted(chosen(seen)[WORKERS:], key=order.__getitem__)
    return list(zip(points[:PAIRS], points[PAIRS:], strict=True))


def _is_one_of(words: tuple[str, ...], point: Point) -> bool:
    return point.moment.split(" ", 1)[1].startswith(words)


def test_every_commit_blob_state_and_index_part_is_among_the_points(
    undisturbed: Undisturbed,
) -> None:
    """Before and after it, however often it comes; and what is left of the number is by chance."""
    points = chosen(undisturbed.moments)
    words = {"commit", "blob", "state", "index part"}
    never = [
        moment
        for moment, times in Counter(undisturbed.moments).items()
        if any(moment.split(" ", 1)[1].startswith(word) for word in words)
        and sum(point.moment == moment for point in points) < times
    ]
    assert never == []
    kinds = {point.moment.split(" ", 1)[1].split()[0] for point in points}
    assert {"create", "file", "settle", "publish", "work"} <= kinds
    assert len(points) == POINTS


@pytest.mark.parametrize("number", some(range(WORKERS), quick=[1]))
def test_a_run_goes_on_without_its_killed_worker(
    server: Server, undisturbed: Undisturbed, tmp_path: Path, number: int
) -> None:
    """It is replaced, and what it had begun is done again."""
    home = copied(undisturbed.template, tmp_path / "home")
    told = killed(server, home, chosen(undisturbed.moments)[number])
    assert told.code == 0, told.out
    expect_taken_up(server, undisturbed, home, told)


@pytest.mark.parametrize("number", some(range(PAIRS), quick=[9]))
def test_a_killed_run_is_taken_up(
    server: Server, undisturbed: Undisturbed, tmp_path: Path, number: int
) -> None:
    """At one of the chosen points, and what takes it up at another one, further on."""
    early, late = paired(undisturbed.moments)[number]
    home = copied(undisturbed.template, tmp_path / "home")
    told = killed(server, home, early)
    assert told.code == -9, (str(early), told.out)
    expect_whole(home, told)
    (home / "killed").unlink()
    again = server.dataq(home, "run", kill=late)
    if again.code == 0:  # what was left to do did not come to that point
        assert differences(contents(lake_of(home)), undisturbed.contents) == []
        shutil.rmtree(home)
        home = copied(undisturbed.template, tmp_path / "home")
        again = killed(server, home, late)
    assert again.code == -9, (str(early), str(late), again.out)
    expect_taken_up(server, undisturbed, home, again)


def killed(server: Server, home: Path, point: Point) -> Told:
    """How a run ended that was, or whose worker was, killed at a point."""
    told = server.dataq(home, "run", kill=point)
    assert point.moment in moments(home), f"{point} never came"
    return told


@pytest.mark.parametrize("items", some([0, 5, 15], quick=[5]))
def test_a_killed_plugin_is_told_and_asked_again(
    server: Server, undisturbed: Undisturbed, tmp_path: Path, items: int
) -> None:
    home = copied(undisturbed.template, tmp_path / "home")
    (home / "die_at").write_text(str(items))
    told = server.dataq(home, "run")
    assert told.code == 1
    assert told.out.count("error: ") == 1
    assert "was killed by SIGKILL" in told.out
    expect_taken_up(server, undisturbed, home, told)


def expect_whole(home: Path, told: Told) -> None:
    """What was disturbed left nothing behind, and nothing that is half."""
    assert told.left == []
    assert held_locks(home) == []
    assert halves(lake_of(home)) == []


def expect_taken_up(server: Server, undisturbed: Undisturbed, home: Path, told: Told) -> None:
    """The next run completes it."""
    expect_whole(home, told)
    again = server.dataq(home, "run")
    assert (again.code, again.left) == (0, []), again.out
    lake = lake_of(home)
    assert halves(lake) == []
    assert differences(contents(lake), undisturbed.contents) == []
    shutil.rmtree(home)
