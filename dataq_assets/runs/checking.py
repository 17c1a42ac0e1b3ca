"""Runs the asset checks whose tables have changed since they were last looked at."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING

from dataq_assets.runs.launch import launch
from dataq_assets.runs.outcome import Outcome
from dataq_assets.stages.check import all_checks, versions
from dataq_lake.lake import Lake

if TYPE_CHECKING:
    import dagster as dg
    from dagster._core.storage.asset_check_execution_record import AssetCheckExecutionRecord

MEASURED = ("service_levels",)
"""Its checks are looked at with each measurement: what one found is no news to a later run."""


def launch_checks(
    instance: dg.DagsterInstance, definitions: dg.Definitions, lake: Lake, everything: bool = False
) -> Outcome:
    """What came of the checks that are due; `everything` says that all are."""
    keys = definitions.resolve_asset_graph().asset_check_keys
    due = set(keys) if everything else _due(instance, keys, lake)
    return launch(instance, definitions, checks=due) if due else Outcome()


def _due(
    instance: dg.DagsterInstance, keys: AbstractSet[dg.AssetCheckKey], lake: Lake
) -> set[dg.AssetCheckKey]:
    """The checks that never ran, did not pass, or saw other versions of their tables."""
    tables = {(check.asset, check.name): check.tables for check in all_checks()}
    last = instance.event_log_storage.get_latest_asset_check_execution_by_key(list(keys))
    due = set()
    for key in keys:
        if tuple(key.asset_key.path) == MEASURED:
            continue
        asset = tuple(key.asset_key.path)
        now = versions(lake, tables.get((asset, key.name), asset))
        if now and now != _seen(last.get(key)):
            due.add(key)
    return due


def _seen(record: AssetCheckExecutionRecord | None) -> object:
    """The versions at which a check last passed; None where its run never came to it."""
    from dagster import AssetCheckEvaluation

    evaluation: object = record.evaluation if record else None
    if not isinstance(evaluation, AssetCheckEvaluation) or not evaluation.passed:
        return None
    seen = evaluation.metadata.get("versions")
    return seen.value if seen is not None else None
