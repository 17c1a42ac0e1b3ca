"""The marts: dbt's models over the lake, a code location of its own, for dbt takes seconds to load.

    lake                            staging          marts
    raw_<source>, items, assets  →  stg_<table>  →   sources, storage_by_type, mail_threads, …

All models are built by one dbt into a draft, which replaces the file that everybody reads if all
tests hold. Where dbt is not installed there is nothing here.
"""

import json
from collections.abc import Iterator
from typing import Any

import dagster as dg

from dataq_assets.loading import source_names
from dataq_assets.modeling.project import MartsProject, installed
from dataq_assets.origins import tags_of
from dataq_assets.quiet import quietly
from dataq_assets.uncollected import uncollected
from dataq_resources.home import Home, home_from_environment

SECONDS = 10


def build(home: Home) -> dg.Definitions:
    """Everything that dbt can build in one home; raises BrokenProject."""
    from dataq_assets.modeling.command import OfflineDbtResource

    project = MartsProject(home)
    project.prepare()
    with quietly():
        sensor = dg.AutomationConditionSensorDefinition(
            "marts_automation",
            target=dg.AssetSelection.all(),
            default_status=dg.DefaultSensorStatus.RUNNING,
            minimum_interval_seconds=SECONDS,
            # a test that failed fails again until something new is stored
            run_tags={**tags_of("derive"), "dagster/max_retries": "0"},
            use_user_code_server=True,
            description="Builds the marts again when the tables that they read have changed.",
        )
    from dataq_assets.modeling.freshness import freshness_check, freshness_schedule

    check = freshness_check(project)
    return dg.Definitions(
        assets=[models(project)],
        asset_checks=[check],
        schedules=[freshness_schedule(check)],
        sensors=[sensor],
        resources={"dbt": OfflineDbtResource.of(project)},
        executor=dg.in_process_executor,
    )


def models(project: MartsProject) -> dg.AssetsDefinition:
    """All models as assets, their tests as checks; one dbt builds those that a run selects."""
    from dagster_dbt import dbt_assets

    from dataq_assets.modeling.building import Build
    from dataq_assets.modeling.command import OfflineDbtResource
    from dataq_assets.modeling.lineage import Lineage

    manifest = json.loads(project.manifest.read_text(encoding="utf-8"))

    @dbt_assets(
        manifest=manifest,
        name="marts",
        dagster_dbt_translator=Lineage(manifest, source_names(project.home)),
        pool="marts",
    )
    def marts(context: dg.AssetExecutionContext, dbt: OfflineDbtResource) -> Iterator[Any]:
        yield from Build(project, dbt, context, frozenset(marts.keys)).events()

    return marts


@dg.definitions
def definitions() -> dg.Definitions:
    """The marts of the home that DATAQ_HOME names, nothing where dbt is not installed."""
    if not installed():
        return dg.Definitions()
    with uncollected():
        return build(home_from_environment())
