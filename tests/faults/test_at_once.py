"""Runs that overlap end where one after the other would have: they wait, or find nothing to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from dataq_resources.home import Home
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
    some,
)

RUN = ("run",)
SECONDS = ("the same home", "another home", "a sensor")
MOMENTS = ("after commit raw_s", "before publish snapshots")


def other_home(undisturbed: Undisturbed, home: Path) -> Path:
    """Another machine's home, with the same source, on the lake of `home`."""
    other = copied(undisturbed.template, home.parent / "other")
    Home(home).lake.mkdir(exist_ok=True)
    lake = Home(other).lake
    if lake.is_dir():
        lake.rename(other / "unused")
    lake.symlink_to(Home(home).lake, target_is_directory=True)
    return other


@pytest.mark.parametrize("second", some(SECONDS, quick=["another home"]))
def test_two_runs_at_once_are_as_one(
    server: Server, undisturbed: Undisturbed, tmp_path: Path, second: str
) -> None:
    home = copied(undisturbed.template, tmp_path / "home")
    other = other_home(undisturbed, home) if second == "another home" else home
    told = server.together((home, RUN), (other, ("sensor",) if second == "a sensor" else RUN))
    for each in told:
        assert (each.code, each.left) == (0, []), [each.out for each in told]
    assert held_locks(home) == []
    assert halves(lake_of(home)) == []
    assert differences(contents(lake_of(home)), undisturbed.contents) == []


@pytest.mark.parametrize("moment", some(MOMENTS, quick=[]))
def test_one_of_two_is_killed(
    server: Server, undisturbed: Undisturbed, tmp_path: Path, moment: str
) -> None:
    """The other one had to wait for it, and does all that it left undone."""
    home = copied(undisturbed.template, tmp_path / "home")
    told = server.together((home, RUN), (home, RUN), kill=Point(moment, 1))
    assert sorted(each.code for each in told) == [-9, 0], [each.out for each in told]
    assert (told[0].left, held_locks(home)) == ([], [])
    assert differences(contents(lake_of(home)), undisturbed.contents) == []
