"""The segments and messages of every asset."""

import dagster as dg

from dataq_lake.slice import Slice
from dataq_resources.changes import Changes
from dataq_resources.embedder import EmbedderResource
from dataq_resources.handover import left
from dataq_resources.pool import PoolResource


@dg.multi_asset(
    name="segments",
    group_name="segments",
    deps=["assets"],
    ins={"texts": dg.AssetIn("texts", input_manager_key="tables")},
    outs={
        "messages": dg.AssetOut(
            io_manager_key="tables",
            kinds={"delta"},
            description="Mails: who wrote what to whom, and in which thread.",
        ),
        "segments": dg.AssetOut(
            io_manager_key="tables",
            kinds={"delta"},
            description="Units of meaning, with their place in the text and in the original.",
        ),
    },
)
def segments(
    context: dg.AssetExecutionContext, texts: Slice, embedder: EmbedderResource, pool: PoolResource
) -> tuple[Changes, Changes]:
    """What becomes of assets whose text is new to them."""
    from dataq_assets.stages.ahead import KEY, Ahead
    from dataq_assets.stages.segments import Segments

    ahead = left(KEY, lambda: Ahead(pool.get(), embedder.name))
    changes = Changes(Segments(texts.lake, context.run.run_id, ahead).rounds())
    return changes, changes
