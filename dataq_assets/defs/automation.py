"""The sensor that runs what follows from raw whenever something new is stored."""

import dagster as dg

from dataq_assets.origins import tags_of
from dataq_assets.quiet import quietly

SECONDS = 5


def automation_sensor() -> dg.AutomationConditionSensorDefinition:
    """Looks at every condition, here and not in the daemon: they are our own."""
    with quietly():
        return dg.AutomationConditionSensorDefinition(
            "automation",
            target=dg.AssetSelection.all(),
            default_status=dg.DefaultSensorStatus.RUNNING,
            minimum_interval_seconds=SECONDS,
            run_tags=tags_of("derive"),
            use_user_code_server=True,
            description="Carries whatever a source has stored through to the search index.",
        )
