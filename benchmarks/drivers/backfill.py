"""One run over many monthly windows: of a source that has nothing, or a bare asset.

Arguments: "ours" or "bare", the first window, the last one. Prints seconds. Needs DATAQ_HOME.
"""

from __future__ import annotations

import json
import sys
import time

import dagster as dg

from dataq_assets.runs.launch import launch, open_instance
from dataq_assets.runs.news import again
from dataq_assets.runs.outcome import Outcome
from dataq_assets.runs.session import Session
from dataq_lake.lake import open_lake
from dataq_resources.handover import handing_over
from dataq_resources.home import Home, home_from_environment
from dataq_resources.sources import read_sources

NAMES = {"ours": "raw_tree", "bare": "bare"}


def main(which: str, first: str, last: str) -> None:
    home = home_from_environment()
    outcome, seconds = {"ours": _ours, "bare": _bare}[which](home, first, last)
    if outcome.failures:
        raise SystemExit(str(outcome.failures))
    with open_instance(home) as instance:
        found = instance.get_materialized_partitions(dg.AssetKey(NAMES[which]))
    print(json.dumps({"seconds": seconds, "windows": len(found)}))


def _ours(home: Home, first: str, last: str) -> tuple[Outcome, float]:
    """As `dataq backfill` does it, from when Dagster and the definitions are loaded."""
    (source,) = read_sources(home).good
    with Session(home, [source]) as session, handing_over() as handover:
        begun = time.perf_counter()
        news = again(open_lake(home.lake), source, (first, last), handover)
        outcome = session.extract(news, first, last, full=True)
        return outcome, time.perf_counter() - begun


def _bare(home: Home, first: str, last: str) -> tuple[Outcome, float]:
    """A Dagster asset that does nothing, likewise."""

    @dg.asset(
        partitions_def=dg.MonthlyPartitionsDefinition("1970-01", fmt="%Y-%m", end_offset=1),
        backfill_policy=dg.BackfillPolicy.single_run(),
    )
    def bare() -> dg.MaterializeResult[None]:
        """Nothing, recorded for each window."""
        return dg.MaterializeResult()

    definitions = dg.Definitions(assets=[bare], executor=dg.in_process_executor)
    tags = {
        "dagster/asset_partition_range_start": first,
        "dagster/asset_partition_range_end": last,
    }
    with open_instance(home) as instance:
        instance.get_runs(limit=1)  # makes the files
        begun = time.perf_counter()
        outcome = launch(instance, definitions, [bare.key], tags=tags)
        return outcome, time.perf_counter() - begun


if __name__ == "__main__":
    main(*sys.argv[1:])
