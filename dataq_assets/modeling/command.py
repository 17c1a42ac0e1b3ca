"""The program dbt as a resource that asks nothing of the network."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from importlib.metadata import version
from typing import Self

from dagster_dbt import DbtCliResource
from packaging.version import Version

from dataq_assets.modeling.project import MartsProject, dbt


class OfflineDbtResource(DbtCliResource):
    """Dagster's, but for two things that it would do before each build.

    `dbt --version` asks a registry for newer versions, and dbt would be loaded into this process
    too, to tell columns that the models' descriptions tell already.
    """

    @classmethod
    def of(cls, project: MartsProject) -> Self:
        """The dbt of this Python on a project."""
        folder = str(project.folder)
        return cls(project_dir=folder, profiles_dir=folder, dbt_executable=dbt())

    @cached_property
    def _cli_version(self) -> Version:
        return Version(version("dbt-core"))

    def _initialize_dbt_core_adapter(self, args: Sequence[str]) -> None:  # type: ignore[override]  # noqa: ARG002 - as Dagster calls it
        return None
