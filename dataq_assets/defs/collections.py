"""What is alike, in groups, and what holds of it."""

import dagster as dg

from dataq_lake.slice import Slice
from dataq_resources.changes import Changes
from dataq_resources.clock import now_us


@dg.asset(
    group_name="relationships",
    ins={"relationships": dg.AssetIn("relationships", input_manager_key="tables")},
    io_manager_key="tables",
    kinds={"deltalake", "polars"},
)
def collections(context: dg.AssetExecutionContext, relationships: Slice) -> Changes:
    """Groups of at least three assets that are alike, with their members and names.

    They keep their ids while more than half of their core stays together.
    """
    from dataq_assets.stages.collections import Collections

    stage = Collections(relationships.lake, context.run.run_id, now_us())
    return Changes(stage.rounds(), facts=stage.counts)


@dg.asset(
    group_name="relationships",
    ins={"collections": dg.AssetIn("collections", input_manager_key="tables")},
    io_manager_key="tables",
    kinds={"deltalake", "polars"},
)
def tags(context: dg.AssetExecutionContext, collections: Slice) -> Changes:
    """What taggers are sure of, and what people have said, of what is current.

    Only the taggers whose tables have changed are asked.
    """
    from dataq_assets.stages.tags import Tags

    stage = Tags(collections.lake, context.run.run_id, now_us())
    return Changes(stage.rounds(), facts=stage.counts)
