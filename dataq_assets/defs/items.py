"""The gate as an asset: raw in, items and quarantine out."""

from collections.abc import Sequence

import dagster as dg

from dataq_assets.defs.reprocess import KEY
from dataq_resources.changes import Changes
from dataq_resources.clock import now_us
from dataq_resources.handover import taken
from dataq_resources.lake import HomeResource
from dataq_resources.pool import PoolResource
from dataq_resources.progress import tell


def items_asset(sources: Sequence[str]) -> dg.AssetsDefinition:
    """The items of all `sources`."""

    @dg.multi_asset(
        name="items",
        group_name="items",
        deps=[*(f"raw_{source}" for source in sources), KEY],
        outs={
            "items": dg.AssetOut(
                io_manager_key="tables",
                kinds={"deltalake", "polars"},
                description="Validated items with their detected type, language, title and class.",
            ),
            "rejected_items": dg.AssetOut(
                key=["quarantine", "rejected_items"],
                metadata={"stage": "gate"},
                io_manager_key="tables",
                kinds={"deltalake"},
                description="Items that a rule of the gate rejected, each with its reason.",
            ),
        },
    )
    def items(
        context: dg.AssetExecutionContext, home: HomeResource, pool: PoolResource
    ) -> tuple[Changes, Changes]:
        from dataq_assets.plans import gate_plans
        from dataq_assets.reprocess import go_on
        from dataq_assets.stages import cases
        from dataq_assets.stages.gate import Gate

        plans, run_id, early = gate_plans(home.home), context.run.run_id, taken(cases.KEY)
        go_on(home.home, run_id)
        gate = Gate(home.lake, pool.get(), plans, run_id, now_us(), tell, early)
        changes = Changes(gate.rounds())
        return changes, changes

    return items
