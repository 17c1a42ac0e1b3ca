"""A source as its defs.yaml declares it: a plugin and the raw asset that it fills."""

import time
from pathlib import Path
from typing import Any

import dagster as dg

from dataq_assets.columns import table_facts
from dataq_assets.components.change_sensor import change_sensor
from dataq_assets.components.source_schedules import source_schedules
from dataq_assets.owners import OWNER
from dataq_assets.partitions import partitions
from dataq_assets.quiet import quietly
from dataq_assets.retrying import retry_of
from dataq_assets.stages.windows import windowing
from dataq_resources.lake import HomeResource
from dataq_resources.raw import Observations
from dataq_resources.sources import SourceConfig, plugin_spec
from dataq_resources.triggers import RetrySetting


class SourcePlugin(SourceConfig, dg.Component, dg.Resolvable):
    """Archives a source into raw, by windows of its items' own time."""

    def build_defs(
        self,
        context: dg.ComponentLoadContext,  # noqa: ARG002 - as Dagster calls it
    ) -> dg.Definitions:
        """One partitioned asset, raw_<name>, its change sensor and its schedules."""
        return definitions_of(self)


def definitions_of(source: SourceConfig, path: Path | None = None) -> dg.Definitions:
    """The asset raw_<name>, its change sensor and its schedules; `path` is where it says so."""
    return dg.Definitions(
        assets=[raw_asset(source, path)],
        sensors=[change_sensor(source)],
        schedules=source_schedules(source),
    )


class RawConfig(dg.Config):
    """How this run extracts."""

    full: bool = False
    """Ask also for what was sent before."""
    everything: bool = False
    """Ask for all windows, for plugins that cannot tell which have changed."""


def raw_asset(source: SourceConfig, path: Path | None = None) -> dg.AssetsDefinition:
    """The asset raw_<source>; `path` is where the UI says it was declared."""
    with quietly():
        return _raw_asset(source, path)


def _raw_asset(source: SourceConfig, path: Path | None) -> dg.AssetsDefinition:
    cut = windowing(source.window, source.since)

    @dg.asset(
        name=f"raw_{source.name}",
        group_name="raw",
        description=source.description or f"Every observed version of everything in {source.name}.",
        kinds={"deltalake", "python"},
        owners=list(source.owners) or [OWNER],
        partitions_def=partitions(cut),
        backfill_policy=dg.BackfillPolicy.single_run(),
        io_manager_key="raw_io",
        pool=source.pool or f"source_{source.name}",
        op_tags={"dataq/source": source.name},
        metadata={
            "plugin": source.plugin or " ".join(source.command or ()),
            "window": source.window,
            "dagster/table_name": f"raw_{source.name}",
            **table_facts("raw"),
            **(_declared_at(path) if path else {}),
        },
    )
    def raw(
        context: dg.AssetExecutionContext, config: RawConfig, home: HomeResource
    ) -> Observations:
        from dataq_assets.extraction import Extraction, open_ended

        keys = context.partition_keys
        everything = config.everything or source.protocol == "plain"
        extraction = Extraction(
            spec=plugin_spec(source),
            lake=home.lake,
            windowing=cut,
            window=None if everything else open_ended(cut, keys[0], keys[-1], int(time.time())),
            run_id=context.run.run_id,
            full=config.full,
            on_log=lambda level, line: getattr(context.log, level)(line),
        )
        setting, tags = source.retries or RetrySetting(), context.run.tags
        return Observations(
            source.name,
            extraction.batches(),
            extraction.facts,
            extraction.windows,
            lambda error: retry_of(error, setting, context.retry_number, tags),
        )

    return raw


def _declared_at(path: Path) -> dict[str, Any]:
    place = dg.LocalFileCodeReference(file_path=str(path), line_number=1)
    value = dg.CodeReferencesMetadataValue(code_references=[place])
    return {"dagster/code_references": value}
