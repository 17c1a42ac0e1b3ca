"""Who belongs to whom."""

import dagster as dg

from dataq_lake.slice import Slice
from dataq_resources.changes import Changes
from dataq_resources.clock import now_us
from dataq_resources.embedder import EmbedderResource
from dataq_resources.pool import PoolResource

KEY = dg.AssetKey("relationships")


class RelateConfig(dg.Config):
    """Which relations are brought up to date; all if none is named."""

    relations: list[str] = []  # noqa: RUF012 - Dagster copies it, and knows no tuples


@dg.asset(
    key=KEY,
    group_name="relationships",
    deps=["entities", "messages", "events", "segments"],
    ins={"embeddings": dg.AssetIn("embeddings", input_manager_key="tables")},
    io_manager_key="tables",
    kinds={"deltalake", "polars"},
)
def relationships(
    context: dg.AssetExecutionContext,
    config: RelateConfig,
    embeddings: Slice,
    embedder: EmbedderResource,
    pool: PoolResource,
) -> Changes:
    """Edges between what is current: parts, versions, duplicates, answers, links, likeness.

    Only the relations whose tables have changed are looked at.
    """
    from dataq_assets.stages.relation import Relating
    from dataq_assets.stages.relationships import Relationships

    run_id = context.run.run_id
    relating = Relating(embeddings.lake, pool.get(), run_id, embedder.model())
    stage = Relationships(relating, now_us(), config.relations)
    return Changes(stage.rounds(), facts=stage.counts)
