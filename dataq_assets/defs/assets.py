"""Assets, their members and their versions."""

from functools import partial

import dagster as dg

from dataq_lake.slice import Slice
from dataq_resources.changes import Changes
from dataq_resources.clock import now_us
from dataq_resources.handover import left
from dataq_resources.pool import PoolResource
from dataq_resources.progress import tell


@dg.multi_asset(
    name="assets",
    group_name="assets",
    ins={"items": dg.AssetIn("items", input_manager_key="tables")},
    outs={
        "assets": dg.AssetOut(
            io_manager_key="tables",
            kinds={"deltalake", "polars"},
            description="A file, message or member of a container, each version of it.",
        ),
        "entities": dg.AssetOut(
            io_manager_key="tables",
            kinds={"deltalake", "polars"},
            description="The versions of every asset, and which is the latest.",
        ),
        "rejected_members": dg.AssetOut(
            key=["quarantine", "rejected_members"],
            metadata={"stage": "assets"},
            io_manager_key="tables",
            kinds={"deltalake"},
            description="Containers that could not be opened, or not completely.",
        ),
    },
)
def assets(
    context: dg.AssetExecutionContext, items: Slice, pool: PoolResource
) -> tuple[Changes, Changes, Changes]:
    """What becomes of new items."""
    from dataq_assets.stages.assets import Assets
    from dataq_assets.stages.opening import Opening
    from dataq_assets.stages.reading import KEY, early_reading

    read = partial(left, KEY, partial(early_reading, items.lake, pool.get()))
    opening = Opening(items.lake, pool.get(), pool.patient(), context.run.run_id, now_us())
    changes = Changes(Assets(items.lake, opening, context.run.run_id, tell, read).rounds())
    return changes, changes, changes
