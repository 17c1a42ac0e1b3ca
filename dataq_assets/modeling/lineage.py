"""How dbt's models stand in Dagster's graph: after the assets whose tables they read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator, DbtProject

from dataq_assets.modeling.project import PREFIX
from dataq_assets.modeling.staleness import LakeChanged
from dataq_assets.owners import OWNER

REJECTED = ("rejected_items", "rejected_members", "rejected_texts")


class Lineage(DagsterDbtTranslator):
    """Models are marts/<name>; a table of the lake is the asset, or the assets, that fill it."""

    def __init__(self, manifest: Mapping[str, Any], sources: Sequence[str]) -> None:
        super().__init__()
        tables = [dg.AssetKey(table["name"]) for table in manifest["sources"].values()]
        self._filled_by = {
            **{key: [key] for key in tables},
            dg.AssetKey("raw"): [dg.AssetKey(f"raw_{name}") for name in sources],
            dg.AssetKey("quarantine"): [dg.AssetKey(["quarantine", name]) for name in REJECTED],
        }
        self._condition = LakeChanged([*chain.from_iterable(self._filled_by.values())])

    def get_asset_key(self, dbt_resource_props: Mapping[str, Any]) -> dg.AssetKey:
        """Of a model, or of a table that dbt calls a source."""
        name = dbt_resource_props["name"]
        is_table = dbt_resource_props["resource_type"] == "source"
        return dg.AssetKey(name) if is_table else dg.AssetKey([PREFIX, name])

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str:
        """The folder that it lies in: staging or marts."""
        return str(dbt_resource_props["fqn"][1])

    def get_asset_spec(
        self, manifest: Mapping[str, Any], unique_id: str, project: DbtProject | None
    ) -> dg.AssetSpec:
        """As dbt tells it, to be built whenever the lake is newer."""
        spec = super().get_asset_spec(manifest, unique_id, project)
        reads = (self._filled_by.get(dep.asset_key, [dep.asset_key]) for dep in spec.deps)
        return spec.replace_attributes(
            deps=[*chain.from_iterable(reads)],
            owners=[OWNER],
            automation_condition=self._condition,
        )
