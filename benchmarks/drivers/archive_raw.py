"""Archives the sources of a home into raw and no further, as `dataq run` would: HOME."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import dagster as dg

from dataq_assets.definitions import build
from dataq_assets.runs.launch import launch, open_instance
from dataq_assets.runs.news import News, ask_all
from dataq_assets.runs.outcome import Outcome
from dataq_lake.lake import open_lake
from dataq_resources.handover import handing_over
from dataq_resources.home import Home
from dataq_resources.sources import read_sources


def main(folder: str) -> None:
    """Print rows and seconds as JSON; the clock starts when everything is loaded."""
    home = Home(Path(folder))
    instance = open_instance(home)
    definitions = build(home)
    definitions.resolve_implicit_global_asset_job_def()
    begun = time.perf_counter()
    outcome = Outcome()
    with handing_over() as handover:
        asked = ask_all(open_lake(home.lake), read_sources(home).good, handover)
        for future in asked.values():
            news = future.result()
            for first, last in news.clusters:
                outcome.add(_extract(instance, definitions, news, first, last))
    seconds = time.perf_counter() - begun
    instance.dispose()
    assert outcome.ok, outcome.failures
    print(json.dumps({"seconds": seconds, "rows": sum(outcome.rows.values())}))


def _extract(
    instance: dg.DagsterInstance, definitions: dg.Definitions, news: News, first: str, last: str
) -> Outcome:
    tags = {
        "dagster/asset_partition_range_start": first,
        "dagster/asset_partition_range_end": last,
        "dataq/source": news.source.name,
    }
    return launch(instance, definitions, [dg.AssetKey(f"raw_{news.source.name}")], tags=tags)


if __name__ == "__main__":
    main(*sys.argv[1:])
