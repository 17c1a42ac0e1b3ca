"""One run over many monthly windows: of a source that has nothing, or a bare asset.

Arguments: "ours" or "bare", the first window, the last one. Prints seconds. Needs DATAQ_HOME.
"""

from __future__ import annotations

import sys
import time

import dagster as dg

from dataq_assets.definitions import build
from dataq_assets.runs.launch import launch, open_instance
from dataq_resources.home import Home, home_from_environment


def main(which: str, first: str, last: str) -> None:
    home = home_from_environment()
    definitions, key = _ours(home) if which == "ours" else _bare()
    tags = {
        "dagster/asset_partition_range_start": first,
        "dagster/asset_partition_range_end": last,
    }
    config = {"ops": {key: {"config": {"full": True}}}} if which == "ours" else {}
    with open_instance(home) as instance:
        instance.get_runs(limit=1)  # makes the files
        begun = time.perf_counter()
        outcome = launch(instance, definitions, [dg.AssetKey(key)], tags=tags, config=config)
        seconds = time.perf_counter() - begun
        if outcome.failures:
            raise SystemExit(str(outcome.failures))
        found = instance.get_materialized_partitions(dg.AssetKey(key))
        print(f'{{"seconds": {seconds}, "windows": {len(found)}}}')


def _ours(home: Home) -> tuple[dg.Definitions, str]:
    return build(home), "raw_tree"


def _bare() -> tuple[dg.Definitions, str]:
    @dg.asset(
        partitions_def=dg.MonthlyPartitionsDefinition("1970-01", fmt="%Y-%m", end_offset=1),
        backfill_policy=dg.BackfillPolicy.single_run(),
    )
    def bare() -> dg.MaterializeResult[None]:
        """Nothing, recorded for each window."""
        return dg.MaterializeResult()

    return dg.Definitions(assets=[bare], executor=dg.in_process_executor), "bare"


if __name__ == "__main__":
    main(*sys.argv[1:])
