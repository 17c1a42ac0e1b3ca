"""What derives a part of the lake again: an asset that takes it away, and a job that does all."""

from collections.abc import Iterable

import dagster as dg
from dagster._core.definitions.unresolved_asset_job_definition import (
    UnresolvedAssetJobDefinition,
)

from dataq_assets.owners import OWNER
from dataq_resources.changes import Changes
from dataq_resources.clock import now_us
from dataq_resources.lake import HomeResource

KEY = dg.AssetKey(["maintenance", "reprocess"])


class ReprocessConfig(dg.Config):
    """What is to be derived again; without an analyzer, all that came of the source's items."""

    source: str | None = None
    first_window: str | None = None
    last_window: str | None = None
    analyzer: str | None = None
    analyzer_version: str | None = None
    """One version; all before it, if it begins with <."""
    dry_run: bool = False
    """Only count."""


@dg.asset(
    key=KEY,
    group_name="maintenance",
    io_manager_key="tables",
    metadata={"table": "reprocessings"},
    owners=[OWNER],
    kinds={"deltalake"},
)
def reprocess(
    context: dg.AssetExecutionContext, config: ReprocessConfig, home: HomeResource
) -> Changes:
    """Takes away what was derived of a source, some of its windows, or by an analyzer.

    What follows from raw then derives it again. The job `reprocess` does both in one run. Without
    a config, as among all assets, it takes nothing away.
    """
    from dataq_assets.reprocess import at_rest, checked
    from dataq_assets.stages.reprocessing import Request
    from dataq_assets.stages.scope import Scope, Selection

    given = config.model_dump(exclude={"dry_run"})
    if Scope(**given) == Scope():
        context.log.info("nothing is to be derived again: the config names no source, no analyzer")
        return Changes(())
    scope = checked(home.home, Scope(**given))
    counts = Selection(home.lake, scope).counts()
    if config.dry_run:
        return Changes((), facts=counts)
    request = Request(scope, context.run.run_id, now_us())
    return Changes(at_rest(home.home, request.rounds(home.lake)), facts=counts)


def reprocess_job(derived: Iterable[dg.AssetsDefinition]) -> UnresolvedAssetJobDefinition:
    """The job `reprocess`: the same, then all that follows from raw, with its checks."""
    return dg.define_asset_job(
        "reprocess",
        selection=dg.AssetSelection.assets(reprocess, *derived),
        description="Derives again what came of a source or of an analyzer, as its config says.",
    )
