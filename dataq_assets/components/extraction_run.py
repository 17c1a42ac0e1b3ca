"""The run that extracts a source: the same whether changes, the clock or a backfill ask for it."""

from collections.abc import Mapping

import dagster as dg
from dagster import DagsterInstance, DagsterRun, DagsterRunStatus, RunsFilter

from dataq_assets.origins import tags_of
from dataq_resources.sources import SourceConfig

UNFINISHED = [
    DagsterRunStatus.QUEUED,
    DagsterRunStatus.NOT_STARTED,
    DagsterRunStatus.STARTING,
    DagsterRunStatus.STARTED,
    DagsterRunStatus.CANCELING,
]


def extraction_run(
    source: SourceConfig,
    origin: str,
    windows: tuple[str, str],
    config: Mapping[str, bool],
    run_key: str | None = None,
) -> dg.RunRequest:
    """One run over the windows from the first to the last; `config` as RawConfig has it."""
    name = f"raw_{source.name}"
    return dg.RunRequest(
        run_key=run_key,
        asset_selection=[dg.AssetKey(name)],
        run_config={"ops": {name: {"config": dict(config)}}},
        tags={
            "dagster/asset_partition_range_start": windows[0],
            "dagster/asset_partition_range_end": windows[1],
            "dataq/source": source.name,
            **tags_of(origin),
        },
    )


def at_work(instance: DagsterInstance, source: str) -> DagsterRun | None:
    """A run of this source that has not ended; those of processes that are gone are ended."""
    if _unfinished(instance, source) is None:
        return None
    from dataq_assets.runs.dead import bury

    bury(instance)
    return _unfinished(instance, source)


def _unfinished(instance: DagsterInstance, source: str) -> DagsterRun | None:
    asset = dg.AssetKey(f"raw_{source}")
    return next(
        (
            run
            for run in instance.get_runs(RunsFilter(statuses=UNFINISHED))
            if run.tags.get("dataq/source") == source or asset in (run.asset_selection or ())
        ),
        None,
    )
