"""The segments, messages and events of every asset."""

import dagster as dg

from dataq_lake.slice import Slice
from dataq_resources.changes import Changes


@dg.multi_asset(
    name="segments",
    group_name="segments",
    deps=["assets"],
    ins={"texts": dg.AssetIn("texts", input_manager_key="tables")},
    outs={
        "messages": dg.AssetOut(
            io_manager_key="tables",
            kinds={"deltalake"},
            description="Mails: who wrote what to whom, and in which thread.",
        ),
        "events": dg.AssetOut(
            io_manager_key="tables",
            kinds={"deltalake"},
            description="Events of calendars and invitations: when, where, who, and what changed.",
        ),
        "segments": dg.AssetOut(
            io_manager_key="tables",
            kinds={"deltalake"},
            description="Units of meaning, with their place in the text and in the original.",
        ),
    },
)
def segments(context: dg.AssetExecutionContext, texts: Slice) -> tuple[Changes, Changes, Changes]:
    """What becomes of assets whose text is new to them."""
    from dataq_assets.stages.segments import Segments

    changes = Changes(Segments(texts.lake, context.run.run_id).rounds())
    return changes, changes, changes
