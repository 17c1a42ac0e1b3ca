"""The graph of assets, in the order in which data flows.

    sources    raw             items         assets         segments      embeddings    indexes
    plugins →  raw_<source> →  items      →  assets      →  texts      →  embeddings →  snapshots
                               quarantine/   entities       analyses
                               rejected_     quarantine/    messages
                               items         rejected_      segments
                                             members        quarantine/
                                                            rejected_texts

Raw is partitioned by windows of time and filled by plugins. Everything after it is incremental:
what is new is whatever the asset's own table lacks, so every run may be repeated or cut off.
At its end stand destinations, each downstream of the table whose rows it gets, and relationships
with the collections and tags that follow from them, which runs of sources do not wait for: the
daemon or `dataq relate` brings them up to date.
Beside it stands maintenance, which no run of sources needs: compaction, merge_indexes,
retire_snapshots and vacuum, each with a schedule; and reprocess, which takes away what is to be
derived again, and which items follow as they follow raw. So do rankings, which are made of feedback
when somebody asks for one, and service_levels, which the clock measures.
"""

from collections.abc import Sequence

import dagster as dg

from dataq_assets.behind import afterwards, automatic
from dataq_assets.columns import table_facts
from dataq_assets.components.source_plugin import raw_asset
from dataq_assets.defs.assets import assets
from dataq_assets.defs.automation import automation_sensor
from dataq_assets.defs.checks import table_checks
from dataq_assets.defs.collections import collections, tags
from dataq_assets.defs.destinations import destination_assets
from dataq_assets.defs.embeddings import embeddings
from dataq_assets.defs.failures import failure_sensor
from dataq_assets.defs.indexes import snapshots
from dataq_assets.defs.items import items_asset
from dataq_assets.defs.jobs import job_definitions
from dataq_assets.defs.maintenance import maintenance_assets, maintenance_schedules
from dataq_assets.defs.rankings import rankings
from dataq_assets.defs.relationships import relationships
from dataq_assets.defs.reprocess import reprocess, reprocess_job
from dataq_assets.defs.segments import segments
from dataq_assets.defs.service_levels import levels_schedule, service_levels
from dataq_assets.defs.texts import texts
from dataq_assets.loading import source_definitions, source_names
from dataq_assets.owners import OWNER
from dataq_assets.uncollected import uncollected
from dataq_lake.levels import level_settings
from dataq_lake.maintenance.settings import maintenance_settings
from dataq_resources.embedder import EmbedderResource
from dataq_resources.home import Home, home_from_environment
from dataq_resources.indexes import IndexIOManager
from dataq_resources.lake import HomeResource
from dataq_resources.pool import PoolResource
from dataq_resources.raw import RawIOManager
from dataq_resources.sources import SourceConfig
from dataq_resources.tables import TableIOManager


def build(home: Home, known: Sequence[SourceConfig] | None = None) -> dg.Definitions:
    """Everything that can be materialized in one home.

    `known` are its usable sources where they were read already; that saves loading components,
    and is for runs of sources, which deliver nothing.
    """
    if known is None:
        sources = dg.Definitions.merge(
            *source_definitions(home),
            dg.Definitions(assets=destination_assets(home), jobs=job_definitions(home)),
        )
    else:
        sources = dg.Definitions(assets=[raw_asset(source) for source in known])
    names = source_names(home) if known is None else [source.name for source in known]
    derived = (items_asset(names), assets, texts, segments, embeddings, snapshots)
    where = HomeResource(path=str(home.path))
    settings = maintenance_settings()
    return dg.Definitions.merge(
        sources,
        dg.Definitions(
            assets=[
                *(asset.map_asset_specs(_derived) for asset in derived),
                relationships.map_asset_specs(_apart),
                collections.map_asset_specs(_derived),
                tags.map_asset_specs(_derived),
                *(asset.map_asset_specs(_owned) for asset in maintenance_assets(settings)),
                reprocess,
                *(asset.map_asset_specs(_asked) for asset in (rankings, service_levels)),
            ],
            jobs=[reprocess_job(derived)],
            sensors=[automation_sensor(), failure_sensor()],
            schedules=[*maintenance_schedules(settings), levels_schedule(level_settings())],
            asset_checks=[table_checks(names)],
            resources={
                "home": where,
                "pool": PoolResource(),
                "embedder": EmbedderResource(),
                "raw_io": RawIOManager(home=where),
                "tables": TableIOManager(home=where),
                "indexes": IndexIOManager(home=where),
            },
            executor=dg.in_process_executor,
        ),
    )


def _owned(spec: dg.AssetSpec) -> dg.AssetSpec:
    return spec.replace_attributes(owners=spec.owners or [OWNER])


def _apart(spec: dg.AssetSpec) -> dg.AssetSpec:
    """What `dataq run` does not wait for: a run of its own follows."""
    return _derived(spec).replace_attributes(automation_condition=afterwards())


def _asked(spec: dg.AssetSpec) -> dg.AssetSpec:
    """What nothing makes by itself, but the clock or somebody who asks for it."""
    return _derived(spec).replace_attributes(automation_condition=None)


def _derived(spec: dg.AssetSpec) -> dg.AssetSpec:
    table = spec.key.path[0]
    return _owned(spec).replace_attributes(
        automation_condition=automatic(),
        metadata={**spec.metadata, "dagster/table_name": table, **table_facts(table)},
    )


@dg.definitions
def definitions() -> dg.Definitions:
    """The graph of the home that DATAQ_HOME names."""
    with uncollected():
        return build(home_from_environment())
