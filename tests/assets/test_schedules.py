"""A source's schedules: what they ask for and when, and what is wrong with one, with its line."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dataq_assets.components.source_schedules import latest
from dataq_assets.definitions import build
from dataq_assets.runs.launch import open_instance
from dataq_assets.stages.windows import Granularity, windowing
from dataq_resources.cron import checked_cron, checked_timezone
from dataq_resources.errors import FixSource
from dataq_resources.home import Home
from dataq_resources.sources import SourceConfig, read_source, write_source
from dataq_resources.triggers import BackfillSetting, ClockSetting

GOOD = """\
type: dataq_assets.components.SourcePlugin
attributes:
  name: notes
  plugin: file_scanner
  config: {root: /srv/notes}
  changes: off
  schedules:
    - cron: "0 6 * * mon-fri"
      timezone: Europe/Berlin
    - cron: "*/15 * * * *"
      full: true
  backfill:
    - cron: "30 2 * * *"
      timezone: Asia/Tokyo
      windows: 3
"""
NOON = datetime(2026, 3, 31, 12, 0, tzinfo=UTC)


@pytest.fixture
def place(home: Path) -> Home:
    made = Home(home)
    made.prepare()
    written(made, GOOD)
    return made


@pytest.fixture
def instance(place: Home) -> Iterator[dg.DagsterInstance]:
    made = open_instance(place)
    yield made
    made.dispose()


def written(place: Home, text: str) -> Path:
    path = place.sources / "notes" / "defs.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def schedule_of(place: Home, name: str) -> dg.ScheduleDefinition:
    (found,) = [each for each in build(place).schedules or () if each.name == name]
    assert isinstance(found, dg.ScheduleDefinition)
    return found


def request_of(place: Home, name: str, instance: dg.DagsterInstance) -> dg.RunRequest:
    schedule = schedule_of(place, name)
    with dg.build_schedule_context(instance, scheduled_execution_time=NOON) as context:
        (request,) = schedule.evaluate_tick(context).run_requests or ()
    return request


def test_they_run_by_themselves_in_their_time_zone(place: Home) -> None:
    found = [schedule_of(place, f"notes_{name}") for name in ("schedule_1", "backfill_1")]
    assert [each.cron_schedule for each in found] == ["0 6 * * mon-fri", "30 2 * * *"]
    assert [each.execution_timezone for each in found] == ["Europe/Berlin", "Asia/Tokyo"]
    assert {each.default_status for each in found} == {dg.DefaultScheduleStatus.RUNNING}


def test_a_schedule_asks_for_what_is_new_and_a_backfill_for_its_windows(
    place: Home, instance: dg.DagsterInstance
) -> None:
    news = request_of(place, "notes_schedule_2", instance)
    back = request_of(place, "notes_backfill_1", instance)
    ends = ("dagster/asset_partition_range_start", "dagster/asset_partition_range_end")
    assert [news.tags[each] for each in ends] == ["2026-03", "2026-03"]
    assert [back.tags[each] for each in ends] == ["2026-01", "2026-03"]
    config, again = (each.run_config["ops"]["raw_notes"]["config"] for each in (news, back))
    assert config == {"everything": True, "full": True}
    assert again == {"full": True}
    assert int(back.tags["dagster/priority"]) < int(news.tags["dagster/priority"]) < -1


def test_a_schedule_waits_for_its_own_last_run_only(
    place: Home, instance: dg.DagsterInstance
) -> None:
    name = "notes_schedule_1"
    schedule = schedule_of(place, name)
    job = build(place).resolve_implicit_global_asset_job_def()
    with dg.build_schedule_context(instance, scheduled_execution_time=NOON) as context:
        instance.create_run_for_job(job, tags={"dagster/schedule_name": "notes_backfill_1"})
        assert schedule.evaluate_tick(context).run_requests
        instance.create_run_for_job(job, tags={"dagster/schedule_name": name})
        told = schedule.evaluate_tick(context)
    assert not told.run_requests
    assert "has not ended yet" in (told.skip_message or "")


@pytest.mark.parametrize(
    ("granularity", "first", "last"),
    [
        ("yearly", "2024", "2026"),
        ("monthly", "2026-01", "2026-03"),
        ("daily", "2026-03-29", "2026-03-31"),
        ("hourly", "2026-03-31-10", "2026-03-31-12"),
    ],
)
def test_the_last_windows(granularity: Granularity, first: str, last: str) -> None:
    assert latest(windowing(granularity), NOON, 3) == (first, last)


def test_windows_before_the_first_are_not_asked_for() -> None:
    cut = windowing("yearly", "2025-01-01")
    assert latest(cut, NOON, 30) == ("2025", "2026")


def test_settings_survive_the_file(place: Home) -> None:
    source = SourceConfig(
        name="other",
        plugin="file_scanner",
        schedules=(ClockSetting(cron="0 0 * * *"),),
        backfill=(BackfillSetting(cron="5 4 * * sun", windows=12, full=False),),
    )
    assert read_source(write_source(place, source)) == source


@pytest.mark.parametrize(
    ("change", "line", "reason"),
    [
        (("0 6 * *", "0 26 * *"), 8, "attributes.schedules.0.cron: '26' is no hour (0 to 23)"),
        (("*/15 * * * *", "*/15 * * *"), 10, "attributes.schedules.1.cron: '*/15 * * *' has 4"),
        (("Europe/Berlin", "Europe/Bielefeld"), 9, "no time zone 'Europe/Bielefeld'"),
        (("windows: 3", "windows: 0"), 15, "attributes.backfill.0.windows: write how many"),
        (("      windows: 3\n", ""), 13, "attributes.backfill.0.windows: Field required"),
        (("full: true", "ful: true"), 11, "attributes.schedules.1.ful: Extra inputs"),
        (("changes: off", "changes: {every: 1}"), 6, "attributes.changes.every: write seconds"),
        (("changes: off", "changes: {evry: 9}"), 6, "attributes.changes.evry: Extra inputs"),
    ],
)
def test_mistakes_are_named_with_their_line(
    place: Home, change: tuple[str, str], line: int, reason: str
) -> None:
    path = written(place, GOOD.replace(*change))
    with pytest.raises(FixSource) as caught:
        read_source(path)
    assert reason in str(caught.value)
    assert caught.value.line == line


PARTS = st.one_of(
    st.just("*"),
    st.integers(0, 70).map(str),
    st.sampled_from(["mon", "FRI", "jan", "dec", "x", "", "1-", "L"]),
    st.tuples(st.integers(0, 12), st.integers(0, 31)).map(lambda two: f"{two[0]}-{two[1]}"),
    st.integers(0, 30).map(lambda step: f"*/{step}"),
)


@given(
    fields=st.lists(st.lists(PARTS, min_size=1, max_size=2).map(",".join), min_size=5, max_size=5)
)
@example(fields=["0", "6", "*", "*", "mon-fri"])
def test_what_passes_is_a_schedule_to_dagster(fields: list[str]) -> None:
    from dagster._utils.schedules import is_valid_cron_schedule

    cron = " ".join(fields)
    try:
        checked = checked_cron(cron)
    except ValueError:
        return
    assert is_valid_cron_schedule(checked)


def test_time_zones() -> None:
    assert checked_timezone("Europe/Berlin") == "Europe/Berlin"
    for bad in ("", "../etc/passwd", "Berlin", "/etc/localtime"):
        with pytest.raises(ValueError, match="no time zone"):
            checked_timezone(bad)
