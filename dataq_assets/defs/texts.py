"""The text of every distinct content."""

import dagster as dg

from dataq_lake.slice import Slice
from dataq_resources.changes import Changes
from dataq_resources.clock import now_us
from dataq_resources.embedder import EmbedderResource
from dataq_resources.handover import left, taken
from dataq_resources.pool import PoolResource
from dataq_resources.progress import tell


@dg.multi_asset(
    name="texts",
    group_name="segments",
    ins={"assets": dg.AssetIn("assets", input_manager_key="tables")},
    outs={
        "texts": dg.AssetOut(
            io_manager_key="tables",
            kinds={"deltalake", "python"},
            description="The text of one content by one version of its analyzer.",
        ),
        "analyses": dg.AssetOut(
            io_manager_key="tables",
            kinds={"deltalake"},
            description="Work done, by content, so that it is not done again.",
        ),
        "rejected_texts": dg.AssetOut(
            key=["quarantine", "rejected_texts"],
            metadata={"stage": "texts"},
            io_manager_key="tables",
            kinds={"deltalake"},
            description="Contents that crashed, hung or defeated their analyzer.",
        ),
    },
)
def texts(
    context: dg.AssetExecutionContext,
    assets: Slice,
    embedder: EmbedderResource,
    pool: PoolResource,
) -> tuple[Changes, Changes, Changes]:
    """What becomes of contents that no analyzer has seen."""
    from dataq_assets.stages import ahead, reading
    from dataq_assets.stages.texts import Texts

    run_id, early = context.run.run_id, taken(reading.KEY)
    vectors = left(ahead.KEY, lambda: ahead.Ahead(pool.get(), embedder.name))
    stage = Texts(assets.lake, pool.get(), run_id, now_us(), tell, early, vectors)
    changes = Changes(stage.rounds())
    return changes, changes, changes
