"""The windows of a source as Dagster's partitions."""

from datetime import UTC, datetime

import dagster as dg

from dataq_assets.stages.windows import CRONS, FORMATS, Windowing


def partitions(cut: Windowing) -> dg.TimeWindowPartitionsDefinition:
    """The same windows; the current one is there from its start."""
    return dg.TimeWindowPartitionsDefinition(
        start=datetime.fromtimestamp(cut.first, UTC),
        fmt=FORMATS[cut.granularity],
        cron_schedule=CRONS[cut.granularity],
        timezone="UTC",
        end_offset=1,
    )
