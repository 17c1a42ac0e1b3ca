"""Maintenance as assets of their own, each with its schedule."""

from collections.abc import Sequence

import dagster as dg

from dataq_assets.origins import tags_of
from dataq_lake.maintenance.bounds import Bounds
from dataq_lake.maintenance.settings import OFF, MaintenanceSettings
from dataq_lake.maintenance.task import Job, Report, Task, tasks
from dataq_resources.lake import HomeResource
from dataq_resources.locks import locked

GROUP = "maintenance"


def maintenance_assets(settings: MaintenanceSettings) -> list[dg.AssetsDefinition]:
    """An asset a task."""
    return [_asset(task, settings) for task in tasks()]


def maintenance_schedules(settings: MaintenanceSettings) -> list[dg.ScheduleDefinition]:
    """A schedule a task."""
    return [_schedule(task, settings) for task in tasks()]


def _asset(task: Task, settings: MaintenanceSettings) -> dg.AssetsDefinition:
    class MaintenanceConfig(dg.Config):
        """The bounds of one run."""

        seconds: float = settings.seconds
        bytes: int = settings.bytes
        dry_run: bool = False

    @dg.asset(key=_key(task), group_name=GROUP, description=task.doc, kinds={"deltalake"})
    def work(
        context: dg.AssetExecutionContext, config: MaintenanceConfig, home: HomeResource
    ) -> dg.MaterializeResult[None]:
        bounds = Bounds(config.seconds, config.bytes)
        job = Job(bounds, settings.keeping, config.dry_run, run_id=context.run.run_id)
        with locked(home.home.locks, f"{GROUP}_{task.name}", wait=False):
            return dg.MaterializeResult(metadata=_facts(task.run(home.lake, job)))

    return work


def _schedule(task: Task, settings: MaintenanceSettings) -> dg.ScheduleDefinition:
    """Runs by itself if the task is harmless, or if somebody has set when."""
    cron = settings.crons.get(task.name, task.cron)
    runs = cron != OFF and (task.harmless or task.name in settings.crons)
    status = dg.DefaultScheduleStatus.RUNNING if runs else dg.DefaultScheduleStatus.STOPPED
    return dg.ScheduleDefinition(
        name=_name(task),
        target=dg.AssetSelection.assets(_key(task)),
        cron_schedule=task.cron if cron == OFF else cron,
        execution_timezone="UTC",
        default_status=status,
        tags=tags_of("schedule"),
        description=task.doc,
    )


def _facts(report: Report) -> dict[str, int | float | bool | str]:
    facts: dict[str, int | float | bool | str] = {
        "files before": report.before.files,
        "files after": report.after.files,
        "bytes before": report.before.bytes,
        "bytes after": report.after.bytes,
        "complete": report.complete,
        "seconds": report.seconds,
        **report.done,
    }
    return {**facts, "notes": "; ".join(report.notes)} if report.notes else facts


def _key(task: Task) -> Sequence[str]:
    return (GROUP, _name(task))


def _name(task: Task) -> str:
    return task.name.replace("-", "_")
