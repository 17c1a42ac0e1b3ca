"""Runs that overlap end where one after the other would have: they wait, or find nothing to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from dataq_lake.lake import open_lake
from dataq_lake.objects.path import ObjectPath
from dataq_resources.home import Home
from tests.faults.conftest import Undisturbed
from tests.faults.meeting import Meeting
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
from tests.s3.seaweed import Seaweed

RUN, SENSOR = ("run",), ("sensor",)
SECONDS = ("the same home", "another home", "a sensor")
LOCKS = ("source_s", "stage_items", "stage_assets", "stage_snapshots")
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


@pytest.mark.parametrize("lock", some(LOCKS, quick=["stage_items"]))
def test_a_run_and_a_sensor_want_the_same_step_at_the_same_moment(
    server: Server, undisturbed: Undisturbed, tmp_path: Path, lock: str
) -> None:
    """One goes first and the other waits: neither looks for what is new while the other writes."""
    home = copied(undisturbed.template, tmp_path / "home")
    meeting = met(tmp_path, lock)
    told = server.together((home, RUN), (home, SENSOR), meeting=meeting)
    assert [(each.code, each.left) for each in told] == [(0, [])] * 2, [each.out for each in told]
    expect_one_at_a_time(meeting)
    assert halves(lake_of(home)) == []
    assert differences(contents(lake_of(home)), undisturbed.contents) == []


@pytest.mark.heavy
def test_two_machines_want_the_same_step_at_the_same_moment(
    server: Server, undisturbed: Undisturbed, tmp_path: Path
) -> None:
    home = copied(undisturbed.template, tmp_path / "home")
    meeting = met(tmp_path, "derived")
    told = server.together((home, RUN), (other_home(undisturbed, home), RUN), meeting=meeting)
    assert [(each.code, each.left) for each in told] == [(0, [])] * 2, [each.out for each in told]
    expect_one_at_a_time(meeting)
    assert differences(contents(lake_of(home)), undisturbed.contents) == []


@pytest.mark.heavy
@pytest.mark.parametrize("lock", ["stage_items", "stage_snapshots"])
def test_two_machines_on_a_store_want_the_same_step_at_the_same_moment(
    server: Server,
    undisturbed: Undisturbed,
    bucket: ObjectPath,
    s3: Seaweed,
    tmp_path: Path,
    lock: str,
) -> None:
    one, other = (copied(undisturbed.template, tmp_path / name) for name in ("one", "other"))
    meeting = met(tmp_path, lock)
    settings = {**s3.environment(), "DATAQ_LAKE": str(bucket), "DATAQ_LAKE_SECONDS": "300"}
    settings["DATAQ_CACHE"] = str(tmp_path / "caches")
    told = server.together((one, RUN), (other, SENSOR), meeting=meeting, settings=settings)
    assert [(each.code, each.left) for each in told] == [(0, [])] * 2, [each.out for each in told]
    expect_one_at_a_time(meeting)
    assert halves(open_lake(bucket)) == []
    assert differences(contents(open_lake(bucket)), undisturbed.contents) == []


def met(folder: Path, lock: str) -> Meeting:
    (folder / "meeting").mkdir()
    return Meeting(str(folder / "meeting"), lock)


def expect_one_at_a_time(meeting: Meeting) -> None:
    """Both were there, and each had gone out before the other came in."""
    words, guests = zip(*meeting.lines(), strict=True)
    assert len(set(guests)) == meeting.guests
    assert words == ("in", "out") * (len(words) // 2)
    assert guests[::2] == guests[1::2]
