"""What is learned from feedback: a new version each time something was said since the last."""

import os

import dagster as dg

from dataq_resources.changes import Changes
from dataq_resources.clock import now_us
from dataq_resources.lake import HomeResource

KEY = dg.AssetKey("rankings")
AUTOMATIC = "automatic"


@dg.asset(
    key=KEY,
    group_name="feedback",
    deps=["snapshots"],
    io_manager_key="tables",
    kinds={"deltalake", "python"},
)
def rankings(context: dg.AssetExecutionContext, home: HomeResource) -> Changes:
    """A version of the ranking, made of all feedback; none is ever changed.

    It has no say before `dataq ranking use` puts it into force.
    """
    from dataq_assets.stages.rankings import Rankings

    automatic = os.environ.get("DATAQ_RANKING") == AUTOMATIC
    stage = Rankings(home.lake, context.run.run_id, now_us(), automatic)
    return Changes(stage.rounds(), facts=stage.facts)
