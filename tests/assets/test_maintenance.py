"""Maintenance in Dagster: assets that report, schedules that can be seen and set."""

from __future__ import annotations

from pathlib import Path

import dagster as dg
import pytest

from dataq_assets.definitions import build
from dataq_assets.runs.launch import derived_keys
from dataq_lake.lake import open_lake
from dataq_resources.home import Home
from dataq_resources.locks import locked
from tests.lake.conftest import Rows, rows

__all__ = ["rows"]
TASKS = {"compaction", "merge_indexes", "retire_snapshots", "vacuum"}
RUNNING = dg.DefaultScheduleStatus.RUNNING


@pytest.fixture
def place(home: Path) -> Home:
    return Home(home)


def run(place: Home, name: str, **config: object) -> dg.ExecuteInProcessResult:
    job = build(place).resolve_implicit_global_asset_job_def()
    key = dg.AssetKey(["maintenance", name])
    ops = {"ops": {f"maintenance__{name}": {"config": config}}} if config else None
    return job.get_subset(asset_selection={key}).execute_in_process(
        run_config=ops, raise_on_error=False
    )


def test_a_run_reports_files_and_bytes_before_and_after(place: Home, rows: Rows) -> None:
    lake = open_lake(place.lake)
    for number in range(6):
        lake.table("items").append([rows("items", [f"{number:032x}"])])
    result = run(place, "compaction")
    assert result.success
    (event,) = result.get_asset_materialization_events()
    facts = {
        name: value.value
        for name, value in event.step_materialization_data.materialization.metadata.items()
    }
    assert (facts["files before"], facts["files after"]) == (6, 1)
    assert facts["bytes before"] > facts["bytes after"] > 0
    assert facts["files merged"] == 6
    assert facts["complete"] is True
    assert lake.table("items").history()[0].run_id == result.run_id


@pytest.mark.parametrize("name", sorted(TASKS))
def test_every_task_runs_on_an_empty_lake(place: Home, name: str) -> None:
    assert run(place, name).success


def test_bounds_are_config(place: Home, rows: Rows) -> None:
    for number in range(6):
        open_lake(place.lake).table("items").append([rows("items", [f"{number:032x}"])])
    result = run(place, "compaction", dry_run=True)
    assert result.success
    assert len(open_lake(place.lake).table("items").files()) == 6
    assert run(place, "compaction", seconds=0.0).success
    assert len(open_lake(place.lake).table("items").files()) == 6


def test_one_at_a_time(place: Home) -> None:
    with locked(place.locks, "maintenance_compaction"):
        result = run(place, "compaction")
    assert not result.success
    (failure,) = [event for event in result.all_events if event.is_step_failure]
    assert "is in use by process" in str(failure.step_failure_data.error)


def test_only_what_is_harmless_runs_by_itself(place: Home) -> None:
    schedules = {each.name: each for each in build(place).schedules or ()}
    assert set(schedules) == {*TASKS, "service_levels"}
    running = {name for name, each in schedules.items() if each.default_status == RUNNING}  # type: ignore[union-attr]
    assert running == {"compaction", "merge_indexes", "service_levels"}


def test_settings_say_when(place: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATAQ_VACUUM_CRON", "5 5 * * *")
    monkeypatch.setenv("DATAQ_COMPACTION_CRON", "off")
    schedules = {each.name: each for each in build(place).schedules or ()}
    vacuum, compaction = schedules["vacuum"], schedules["compaction"]
    assert vacuum.cron_schedule == "5 5 * * *"  # type: ignore[union-attr]
    assert vacuum.default_status == RUNNING  # type: ignore[union-attr]
    assert compaction.default_status != RUNNING  # type: ignore[union-attr]


def test_runs_of_sources_leave_it_out(place: Home) -> None:
    keys = derived_keys(build(place))
    assert not [key for key in keys if key.path[0] in {"maintenance", "rankings", "service_levels"}]
    assert dg.AssetKey("snapshots") in keys


def test_a_schedule_asks_for_a_run_of_its_asset(place: Home) -> None:
    definitions = build(place)
    schedule = definitions.resolve_schedule_def("compaction")
    assert isinstance(schedule, dg.ScheduleDefinition)
    repository = definitions.get_repository_def()
    job = repository.get_job(schedule.job_name)
    assert {key.to_user_string() for key in job.asset_layer.executable_asset_keys} == {
        "maintenance/compaction"
    }
