"""How well the lake serves, measured by the clock and never within a run of sources."""

import os
from datetime import UTC, datetime

import dagster as dg

from dataq_assets.origins import tags_of
from dataq_lake.levels import LevelSettings, level_settings
from dataq_resources.changes import Changes
from dataq_resources.lake import HomeResource

KEY = dg.AssetKey("service_levels")


@dg.asset(
    key=KEY,
    group_name="levels",
    deps=["snapshots"],
    io_manager_key="tables",
    kinds={"deltalake", "faiss"},
)
def service_levels(context: dg.AssetExecutionContext, home: HomeResource) -> Changes:
    """Recall, speed, coverage and freshness of the published index, a row each.

    The values are numbers of the materialization too, so Dagster's pages plot them.
    """
    from dataq_assets.stages.level import Measuring
    from dataq_assets.stages.service_levels import ServiceLevels

    measuring = Measuring(home.lake, level_settings(os.environ), datetime.now(UTC))
    stage = ServiceLevels(measuring, context.run.run_id)
    return Changes(stage.rounds(), facts=stage.facts)


def levels_schedule(settings: LevelSettings) -> dg.ScheduleDefinition:
    """Once a day, unless somebody has set when; with the checks that say whether bars are kept."""
    status = dg.DefaultScheduleStatus.RUNNING if settings.runs else dg.DefaultScheduleStatus.STOPPED
    return dg.ScheduleDefinition(
        name="service_levels",
        target=dg.AssetSelection.assets(KEY) | dg.AssetSelection.checks_for_assets(KEY),
        cron_schedule=settings.cron,
        execution_timezone="UTC",
        default_status=status,
        tags=tags_of("schedule"),
        description="Measures recall, speed, coverage and freshness of the index.",
    )
