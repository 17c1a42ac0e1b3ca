"""The condition under which an asset or a check is to be run: something it reads is newer."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

import dagster as dg

if TYPE_CHECKING:
    from dagster._core.event_api import EventLogRecord
    from dagster._core.storage.dagster_run import RunRecord

Key = dg.AssetKey | dg.AssetCheckKey


class Behind(dg.AutomationCondition[Key]):
    """True where a dependency was stored after the last run of the target had begun.

    It looks at what is, not at what happened between two ticks: nothing gets lost when a source
    and the target are stored in the same moment, when the daemon was away, or when `dataq run` was
    killed halfway; and what `dataq run` has done is not done again. A run that failed is not
    begun again before something new is stored.
    """

    @property
    def requires_cursor(self) -> bool:
        """No: it remembers nothing."""
        return False

    @property
    def description(self) -> str:
        """As Dagster's page shows it."""
        return "Something it reads was stored after its last run had begun"

    @property
    def name(self) -> str:
        """As Dagster's page shows it."""
        return "behind"

    def evaluate(self, context: dg.AutomationContext[Key]) -> dg.AutomationResult[Key]:
        """All of an unpartitioned target, or nothing of it."""
        view = context.asset_graph_view
        parents = context.asset_graph.get(context.key).parent_entity_keys
        reads = [key for key in parents if isinstance(key, dg.AssetKey)]
        if is_behind(view.instance, context.key, reads):
            return dg.AutomationResult(context, view.get_full_subset(key=context.key))
        return dg.AutomationResult(context, view.get_empty_subset(key=context.key))


def automatic() -> dg.AutomationCondition[Key]:
    """Behind, or to be run with what it reads, while neither is worked on."""
    condition = dg.AutomationCondition
    along = condition.any_deps_match(condition.will_be_requested())
    idle = ~condition.in_progress() & ~condition.any_deps_in_progress()
    return (Behind() | along) & idle


def afterwards() -> dg.AutomationCondition[Key]:
    """Behind, in a run of its own: what is away must not fail or hold up what it reads."""
    condition = dg.AutomationCondition
    idle = ~condition.in_progress() & ~condition.any_deps_in_progress()
    return Behind() & ~condition.any_deps_match(condition.will_be_requested()) & idle


def is_behind(instance: dg.DagsterInstance, target: Key, reads: Iterable[dg.AssetKey]) -> bool:
    """Whether one of `reads` was stored since the last run of `target` began, by another run."""
    last = _last_run(instance, target)
    if last is None:
        return any(True for _ in _stored(instance, reads))
    if not last.dagster_run.is_finished:
        return False
    begun = last.start_time or last.create_timestamp.timestamp()
    mine = last.dagster_run.run_id
    return any(run != mine and time > begun for run, time in _stored(instance, reads))


def _last_run(instance: dg.DagsterInstance, target: Key) -> "RunRecord | None":
    """The last run that was to make the target, however it ended."""
    if isinstance(target, dg.AssetCheckKey):
        checks = instance.event_log_storage.get_latest_asset_check_execution_by_key([target])
        run = checks[target].run_id if target in checks else None
    else:
        records = instance.get_asset_records([target])
        run = records[0].asset_entry.last_run_id if records else None
    return instance.get_run_record_by_id(run) if run else None


def _stored(
    instance: dg.DagsterInstance, keys: Iterable[dg.AssetKey]
) -> Iterable[tuple[str, float]]:
    """The run and the time at which each was stored last, a failed run at its end.

    A source that fails keeps what it sent before, without an event that says so.
    """
    for record in instance.get_asset_records(list(keys)):
        entry = record.asset_entry
        event: EventLogRecord | None = entry.last_materialization_record
        if event is not None:
            yield event.run_id, event.timestamp
        if entry.last_run_id and (event is None or event.run_id != entry.last_run_id):
            run = instance.get_run_record_by_id(entry.last_run_id)
            if run and run.dagster_run.status is dg.DagsterRunStatus.FAILURE and run.end_time:
                yield run.dagster_run.run_id, run.end_time
