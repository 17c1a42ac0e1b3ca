"""The vector of every distinct text."""

import dagster as dg

from dataq_lake.slice import Slice
from dataq_resources.changes import Changes
from dataq_resources.embedder import EmbedderResource
from dataq_resources.handover import left, taken
from dataq_resources.pool import PoolResource
from dataq_resources.progress import tell


@dg.asset(
    group_name="embeddings",
    ins={"segments": dg.AssetIn("segments", input_manager_key="tables")},
    io_manager_key="tables",
    kinds={"deltalake", "numpy"},
)
def embeddings(
    context: dg.AssetExecutionContext,
    segments: Slice,
    embedder: EmbedderResource,
    pool: PoolResource,
) -> Changes:
    """The vector of each segment's text, once for each model."""
    from dataq_assets.stages import indexes
    from dataq_assets.stages.ahead import KEY
    from dataq_assets.stages.embeddings import Embeddings

    lake, model, ahead = segments.lake, embedder.model(), taken(KEY)
    left(indexes.KEY, lambda: indexes.EarlyGap(lake, model))
    stage = Embeddings(lake, pool.get(), model, context.run.run_id, tell, ahead)
    return Changes(stage.rounds())
