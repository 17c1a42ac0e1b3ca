"""The change sensor of a source: what it asks for, when it does not, and never twice."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from dataq_assets.definitions import build
from dataq_assets.looking import Asked, asked_before
from dataq_assets.runs import run
from dataq_plugins.errors import PluginError, PluginSilent, PluginTimedOut
from dataq_resources.home import Home
from dataq_resources.lake import HomeResource
from dataq_resources.sources import SourceConfig, write_source
from dataq_resources.triggers import ChangesSetting

SILENT = (sys.executable, "-c", "import time; time.sleep(600)")


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as made:
        yield made


@pytest.fixture
def place(home: Path, tmp_path: Path) -> Home:
    tree = tmp_path / "tree"
    tree.mkdir()
    made = Home(home)
    made.prepare()
    write_source(
        made, SourceConfig(name="notes", plugin="file_scanner", config={"root": str(tree)})
    )
    return made


def note(tmp_path: Path, name: str, year: int) -> None:
    path = tmp_path / "tree" / name
    path.write_text(f"Written in {year}.")
    then = time.mktime((year, 6, 15, 12, 0, 0, 0, 0, 0))
    os.utime(path, (then, then))


def sensor_of(place: Home, source: str = "notes") -> dg.SensorDefinition:
    (found,) = [each for each in build(place).sensors or () if each.name == f"{source}_changes"]
    assert isinstance(found, dg.SensorDefinition)
    return found


def tick(
    place: Home, instance: dg.DagsterInstance, cursor: str | None = None, source: str = "notes"
) -> tuple[list[dg.RunRequest], str | None, str | None]:
    """The runs it asks for, its cursor after that, and why it asks for none."""
    context = dg.build_sensor_context(
        instance, cursor, resources={"home": HomeResource(path=str(place.path))}
    )
    told = sensor_of(place, source).evaluate_tick(context)
    return list(told.run_requests or ()), told.cursor or cursor, told.skip_message


def windows(requests: list[dg.RunRequest]) -> list[tuple[str, str]]:
    start, end = "dagster/asset_partition_range_start", "dagster/asset_partition_range_end"
    return [(each.tags[start], each.tags[end]) for each in requests]


def test_a_run_for_each_cluster_of_windows(
    place: Home, instance: dg.DagsterInstance, tmp_path: Path
) -> None:
    note(tmp_path, "a.txt", 2010)
    note(tmp_path, "b.txt", 2021)
    requests, cursor, _ = tick(place, instance)
    assert windows(requests) == [("2010-06", "2010-06"), ("2021-06", "2021-06")]
    assert all(each.asset_selection == [dg.AssetKey("raw_notes")] for each in requests)
    assert {each.tags["dataq/source"] for each in requests} == {"notes"}
    assert {each.tags["dagster/priority"] for each in requests} == {"-1"}

    # A daemon that was killed before it stored the cursor asks for the same runs, by key.
    again, _, _ = tick(place, instance)
    assert [each.run_key for each in again] == [each.run_key for each in requests]
    assert len({each.run_key for each in requests}) == 2

    none, _, why = tick(place, instance, cursor)
    assert none == []
    assert why is not None
    assert "asked for in vain" in why


def test_nothing_where_nothing_has_changed(
    place: Home, instance: dg.DagsterInstance, tmp_path: Path
) -> None:
    note(tmp_path, "a.txt", 2010)
    # What was written within two seconds of being read is looked at once more.
    until = time.monotonic() + 120
    while tick(place, instance)[2] != "nothing has changed":
        assert time.monotonic() < until
        assert run(place).ok
    note(tmp_path, "b.txt", 2012)
    assert windows(tick(place, instance)[0]) == [("2012-06", "2012-06")]


def test_not_while_a_run_is_at_work_on_it(
    place: Home, instance: dg.DagsterInstance, tmp_path: Path
) -> None:
    note(tmp_path, "a.txt", 2010)
    job = build(place).resolve_implicit_global_asset_job_def()
    started = instance.create_run_for_job(
        job, asset_selection=frozenset([dg.AssetKey("raw_notes")])
    )
    _, _, why = tick(place, instance)
    assert why == f"run {started.run_id} is at work on it"
    instance.report_run_canceled(started)
    assert tick(place, instance)[0]


def test_a_plugin_that_does_not_answer_is_ended(place: Home, instance: dg.DagsterInstance) -> None:
    write_source(
        place,
        SourceConfig(name="mute", command=SILENT, changes=ChangesSetting(seconds=0.5)),
    )
    with pytest.raises(PluginError, match=r"0\.5 s") as caught:
        tick(place, instance, source="mute")
    assert isinstance(caught.value, PluginSilent | PluginTimedOut)
    assert "source mute" in str(caught.value)


@pytest.mark.parametrize(
    ("protocol", "changes", "runs"),
    [
        ("v1", None, True),
        ("v1", ChangesSetting(enabled=False), False),
        ("plain", None, False),
        ("plain", ChangesSetting(every=600), True),
    ],
)
def test_which_run_by_themselves(
    place: Home, protocol: str, changes: ChangesSetting | None, runs: bool
) -> None:
    source = SourceConfig.model_validate(
        {"name": "other", "command": ["x"], "protocol": protocol, "changes": changes}
    )
    write_source(place, source)
    sensor = sensor_of(place, "other")
    assert (sensor.default_status is dg.DefaultSensorStatus.RUNNING) is runs
    assert sensor.minimum_interval_seconds == (changes.every if changes else 60)


def test_a_source_that_cannot_tell_is_asked_for_everything(
    place: Home, instance: dg.DagsterInstance
) -> None:
    source = SourceConfig(name="plain", command=("x",), protocol="plain", changes=ChangesSetting())
    write_source(place, source)
    (request,) = tick(place, instance, source="plain")[0]
    assert request.run_config == {"ops": {"raw_plain": {"config": {"everything": True}}}}


def test_what_is_asked_in_vain_is_waited_for_longer_each_time() -> None:
    asked = asked_before(None).next("one", 1000.0)
    assert asked == Asked("one", 0, 1, 1000.0)
    waits = []
    for _ in range(9):
        later = asked.at
        while (again := asked.next("one", later)) is None:
            later += 10
        waits.append(later - asked.at)
        assert again.key("s", "a", "b") != asked.key("s", "a", "b")
        asked = again
    assert waits == [60, 120, 240, 480, 960, 1920, 3600, 3600, 3600]
    assert asked.next("two", asked.at) == Asked("two", 0, 11, asked.at)
    assert asked_before(asked.text()) == asked
    assert asked_before("of somebody else") == Asked()
