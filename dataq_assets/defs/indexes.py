"""The search index: a new snapshot where something changed."""

from functools import partial

import dagster as dg

from dataq_lake.slice import Slice
from dataq_resources.embedder import EmbedderResource
from dataq_resources.handover import left, taken
from dataq_resources.indexes import Unpublished
from dataq_resources.pool import PoolResource


@dg.asset(
    name="snapshots",
    group_name="indexes",
    deps=["entities", "segments", "texts"],
    ins={"embeddings": dg.AssetIn("embeddings", input_manager_key="tables")},
    io_manager_key="indexes",
    kinds={"faiss", "tantivy"},
)
def snapshots(embeddings: Slice, embedder: EmbedderResource, pool: PoolResource) -> Unpublished:
    """The published search index of everything that is current and breaks no blocking check."""
    from dataq_assets import foreseen
    from dataq_assets.stages.embedding import embed_all
    from dataq_assets.stages.indexes import KEY, publication

    embed, early = partial(embed_all, pool.get(), embedder.name), taken(KEY)
    verdicts = taken(foreseen.KEY)
    if verdicts:  # the step of the checks takes it after this one
        left(foreseen.KEY, lambda: verdicts)
    judge = verdicts.verdict if verdicts else None
    pool.rest()
    find = partial(publication, embeddings.lake, embedder.model(), embed, early, judge)
    return Unpublished(find)
