"""dbt's source freshness as a check in Dagster: whether anything has been archived of late."""

import dagster as dg

from dataq_assets.modeling.project import PREFIX, Freshness, MartsProject

NAME = "source_freshness"
FRESHNESS = dg.AssetCheckKey(dg.AssetKey([PREFIX, "stg_raw"]), NAME)
CRON = "45 4 * * *"


def freshness_check(project: MartsProject) -> dg.AssetChecksDefinition:
    """The check, which asks dbt; models/sources.yml has the bounds."""

    @dg.asset_check(
        asset=FRESHNESS.asset_key,
        name=NAME,
        pool="marts",
        description="The newest row of the lake is no older than dbt's bounds for its sources.",
    )
    def source_freshness() -> dg.AssetCheckResult:
        return judged(project.freshness())

    return source_freshness


def judged(found: list[Freshness]) -> dg.AssetCheckResult:
    """Passed where no table is older than it may be; the worst of them decides the severity."""
    worst = {each.status for each in found}
    severity = dg.AssetCheckSeverity.ERROR if "error" in worst else dg.AssetCheckSeverity.WARN
    told = [
        f"{each.table}: {each.status}, {days(each.age_seconds)} (newest {each.newest_at})"
        for each in found
    ]
    return dg.AssetCheckResult(
        passed=worst <= {"pass"},
        severity=severity,
        description="; ".join(told),
        metadata={
            f"{each.table}_age_seconds": each.age_seconds
            for each in found
            if each.age_seconds is not None
        },
    )


def days(seconds: float | None) -> str:
    """How old, in days."""
    return "of no known age" if seconds is None else f"{max(0.0, seconds) / 86_400:.1f} days old"


def freshness_schedule(check: dg.AssetChecksDefinition) -> dg.ScheduleDefinition:
    """Asks daily: what grows old does so without an event."""
    job = dg.define_asset_job(NAME, selection=dg.AssetSelection.checks(check))
    return dg.ScheduleDefinition(
        name=NAME,
        job=job,
        cron_schedule=CRON,
        execution_timezone="UTC",
        default_status=dg.DefaultScheduleStatus.RUNNING,
    )
