"""The schedules of a source: those that ask for what is new, and those that look back."""

from collections.abc import Callable
from datetime import datetime

import dagster as dg
from dagster import RunsFilter

from dataq_assets.components.extraction_run import UNFINISHED, extraction_run
from dataq_assets.stages.windows import Windowing, windowing
from dataq_resources.sources import SourceConfig
from dataq_resources.triggers import BackfillSetting, ClockSetting

Request = Callable[[datetime], dg.RunRequest]


def source_schedules(source: SourceConfig) -> list[dg.ScheduleDefinition]:
    """<name>_schedule_<n> and <name>_backfill_<n>, numbered as in the source's defs.yaml."""
    cut = windowing(source.window, source.since)
    clock = [
        _schedule(f"{source.name}_schedule_{number}", source, setting, _news(source, cut, setting))
        for number, setting in enumerate(source.schedules, 1)
    ]
    backfill = [
        _schedule(f"{source.name}_backfill_{number}", source, setting, _range(source, cut, setting))
        for number, setting in enumerate(source.backfill, 1)
    ]
    return clock + backfill


def latest(cut: Windowing, at: datetime, count: int) -> tuple[str, str]:
    """The first and the last of `count` windows, of which the last holds the moment `at`."""
    now = int(at.timestamp())
    first = last = cut.label(now * 1_000_000, now * 1_000_000)
    for _ in range(count - 1):
        before = (cut.bounds(first)[0] - 1) * 1_000_000
        first = cut.label(before, now * 1_000_000)
    return first, last


def _news(source: SourceConfig, cut: Windowing, setting: ClockSetting) -> Request:
    """Whatever is new, filed under the window of now."""

    def request(at: datetime) -> dg.RunRequest:
        config = {"everything": True, "full": setting.full}
        return extraction_run(source, "schedule", latest(cut, at, 1), config)

    return request


def _range(source: SourceConfig, cut: Windowing, setting: BackfillSetting) -> Request:
    """The last windows, as one run."""

    def request(at: datetime) -> dg.RunRequest:
        return extraction_run(
            source, "bulk", latest(cut, at, setting.windows), {"full": setting.full}
        )

    return request


def _schedule(
    name: str, source: SourceConfig, setting: ClockSetting, request: Request
) -> dg.ScheduleDefinition:
    @dg.schedule(
        name=name,
        target=dg.AssetSelection.assets(f"raw_{source.name}"),
        cron_schedule=setting.cron,
        execution_timezone=setting.timezone,
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description=_doc(source, setting),
    )
    def schedule(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        mine = RunsFilter(tags={"dagster/schedule_name": name}, statuses=UNFINISHED)
        if runs := context.instance.get_runs(mine, limit=1):
            return dg.SkipReason(f"its last run {runs[0].run_id} has not ended yet")
        return request(context.scheduled_execution_time)

    return schedule


def _doc(source: SourceConfig, setting: ClockSetting) -> str:
    what = "what is new"
    if isinstance(setting, BackfillSetting):
        what = f"the last {setting.windows} {source.window} windows, as one run"
    return f"Asks {source.name} for {what}{', also what it has sent before' * setting.full}."
