"""The promises of the tables as Dagster's asset checks: one step for all of them."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import dagster as dg
import polars as pl

from dataq_assets.behind import automatic
from dataq_assets.foreseen import KEY, Foreseen
from dataq_assets.stages.check import Check, Verdict, all_checks, none_of, versions
from dataq_lake.lake import Lake
from dataq_resources.handover import taken
from dataq_resources.lake import HomeResource

SIDE_BY_SIDE = 2


def table_checks(sources: Sequence[str]) -> dg.AssetChecksDefinition:
    """At least one check a table, those of each source's raw table among them."""
    every = {(check.asset, check.name): check for check in checks_of(sources)}
    specs = [
        dg.AssetCheckSpec(
            check.name,
            asset=dg.AssetKey(check.asset),
            description=check.doc,
            automation_condition=automatic(),
        )
        for check in every.values()
    ]

    @dg.multi_asset_check(name="table_checks", specs=specs, can_subset=True)
    def checks(
        context: dg.AssetCheckExecutionContext, home: HomeResource
    ) -> Iterator[dg.AssetCheckResult]:
        keys = sorted(context.selected_asset_check_keys)
        asked = [every[tuple(key.asset_key.path), key.name] for key in keys]
        foreseen = taken(KEY) or Foreseen(home.lake, ())
        # Each waits for the disk and for Polars as long as it works itself.
        with closing(foreseen), ThreadPoolExecutor(SIDE_BY_SIDE, "check") as threads:
            verdicts = threads.map(foreseen.verdict, asked)
            for key, check, verdict in zip(keys, asked, verdicts, strict=True):
                yield _result(key, check, verdict, home.lake)

    return checks


def checks_of(sources: Sequence[str]) -> list[Check]:
    """The checks of all tables, those of each source's raw table among them."""
    return [*all_checks(), *map(_raw, sources)]


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
        metadata={**verdict.facts, "versions": dict(versions(lake, check.tables))},
    )


def _raw(source: str) -> Check:
    table = f"raw_{source}"

    def verdict(lake: Lake) -> Verdict:
        rows = lake.raw(source).scan(["item_id", "sequence"])
        twice = pl.col("item_id").is_duplicated() | pl.col("sequence").is_duplicated()
        return none_of(rows.filter(twice), "repeated rows", "item_id")

    doc = "No observation is stored twice, and their order is one."
    return Check("observed_once", (table,), (table,), "error", doc, verdict)
