"""The condition under which the marts are built: all at once, so that they tell of one state."""

from __future__ import annotations

from collections.abc import Sequence

import dagster as dg

from dataq_assets.behind import Behind, Key, is_behind

UNFINISHED = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]


class LakeChanged(Behind):
    """True where any asset of the lake was stored since the model was built, and none is at work.

    It is the same for every model, whatever that model reads.
    """

    def __init__(self, reads: Sequence[dg.AssetKey]) -> None:
        self._reads = tuple(reads)

    @property
    def description(self) -> str:
        """As Dagster's page shows it."""
        return "The lake has changed since the last build, and nothing is changing it"

    @property
    def name(self) -> str:
        """As Dagster's page shows it."""
        return "lake_changed"

    def evaluate(self, context: dg.AutomationContext[Key]) -> dg.AutomationResult[Key]:
        """The whole model, or nothing of it."""
        view = context.asset_graph_view
        changed = is_behind(view.instance, context.key, self._reads)
        if changed and not self._at_work(view.instance):
            return dg.AutomationResult(context, view.get_full_subset(key=context.key))
        return dg.AutomationResult(context, view.get_empty_subset(key=context.key))

    def _at_work(self, instance: dg.DagsterInstance) -> bool:
        runs = instance.get_runs(filters=dg.RunsFilter(statuses=UNFINISHED))
        return any(not (run.asset_selection or set()).isdisjoint(self._reads) for run in runs)
