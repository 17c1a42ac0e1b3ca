"""The promises of the tables as Dagster's asset checks: one step for all of them."""

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import dagster as dg
from dagster._core.execution.context.data_version_cache import InputAssetVersionInfo

from dataq_assets.behind import automatic
from dataq_assets.foreseen import KEY, Foreseen
from dataq_assets.stages.check import COUNT, ROWS, Check, Verdict, checks_of, versions
from dataq_lake.lake import Lake
from dataq_resources.handover import taken
from dataq_resources.lake import HomeResource

SIDE_BY_SIDE = 2
WITHHOLDS = (
    "It blocks row by row: segments of rows that break it are withheld from the search index, the "
    "rest publishes. Dagster lists it as non-blocking, for its own blocking stops all that follows."
)


def table_checks(sources: Sequence[str]) -> dg.AssetChecksDefinition:
    """At least one check a table, those of each source's raw table among them."""
    every = {(check.asset, check.name): check for check in checks_of(sources)}
    specs = [
        dg.AssetCheckSpec(
            check.name,
            asset=dg.AssetKey(check.asset),
            description=f"{check.doc} {WITHHOLDS}" if check.blocking else check.doc,
            metadata={"blocking": check.blocking, "severity": check.severity},
            automation_condition=automatic(),
        )
        for check in every.values()
    ]

    @dg.multi_asset_check(name="table_checks", specs=specs, can_subset=True)
    def checks(
        context: dg.AssetCheckExecutionContext, home: HomeResource
    ) -> Iterator[dg.AssetCheckResult]:
        keys = sorted(context.selected_asset_check_keys)
        _find_targets(context, {key.asset_key for key in keys})
        asked = [every[tuple(key.asset_key.path), key.name] for key in keys]
        foreseen = taken(KEY) or Foreseen(home.lake, ())
        # Each waits for the disk and for Polars as long as it works itself.
        with closing(foreseen), ThreadPoolExecutor(SIDE_BY_SIDE, "check") as threads:
            verdicts = threads.map(foreseen.verdict, asked)
            for key, check, verdict in zip(keys, asked, verdicts, strict=True):
                yield _result(key, check, verdict, home.lake)

    return checks


def _find_targets(context: dg.AssetCheckExecutionContext, keys: Iterable[dg.AssetKey]) -> None:
    """Looks up at once which materializations are judged.

    Dagster would one by one, and list all windows of a raw table for a version nobody asks for.
    """
    step = context.get_step_execution_context()
    if step.has_partition_key:
        return
    found = dict.fromkeys(keys)
    for record in context.instance.get_asset_records(list(found)):
        last = record.asset_entry.last_materialization_record
        if last is not None:
            found[record.asset_entry.asset_key] = InputAssetVersionInfo(
                last.storage_id, last.event_type, None, last.run_id, last.timestamp
            )
    step._data_version_cache.input_asset_version_info.update(found)  # noqa: SLF001


def _result(
    key: dg.AssetCheckKey, check: Check, verdict: Verdict, lake: Lake
) -> dg.AssetCheckResult:
    severity = (
        dg.AssetCheckSeverity.WARN if check.severity == "warning" else dg.AssetCheckSeverity.ERROR
    )
    return dg.AssetCheckResult(
        passed=verdict.passed,
        asset_key=key.asset_key,
        check_name=key.name,
        severity=severity,
        description=verdict.reason or None,
        metadata={
            **verdict.facts,
            **_shown(verdict),
            "versions": dict(versions(lake, check.tables)),
            "seconds": round(verdict.seconds, 4),
        },
    )


def _shown(verdict: Verdict) -> dict[str, dg.MetadataValue]:
    """The failing rows, as many as a verdict has of them, as a table."""
    if not verdict.rows:
        return {}
    names = {name: None for row in verdict.rows for name in row}
    records = [
        dg.TableRecord({name: _cell(row.get(name)) for name in names}) for row in verdict.rows
    ]
    return {ROWS: dg.MetadataValue.table(records), COUNT: dg.MetadataValue.int(verdict.count)}


def _cell(value: object) -> str | int | float | bool:
    if isinstance(value, str | int | float | bool):
        return value
    return "" if value is None else str(value)
