"""One build: dbt makes a draft, and only a draft whose tests all hold is published."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from typing import TYPE_CHECKING, Any

import dagster as dg

from dataq_assets.modeling.project import PREFIX, MartsProject
from dataq_resources.progress import tell

if TYPE_CHECKING:
    from dagster_dbt import DbtCliInvocation, DbtCliResource

BAD = ("error", "fail", "runtime error")


@dataclass(frozen=True)
class Build:
    """dbt's build of what the run `context` selects of all `models`."""

    project: MartsProject
    dbt: DbtCliResource
    context: dg.AssetExecutionContext
    models: frozenset[dg.AssetKey]

    def events(self) -> Iterator[Any]:
        """What was built and tested, once it can be read; raises dg.Failure naming what is bad.

        Of a bad build only the tests are told: what it has built nobody will see.
        """
        everything = self.context.selected_asset_keys == self.models
        with self.project.drafting(empty=everything):
            told, reason = self._run()
            if not reason:
                self.project.publish()
        if reason:
            yield from (each for each in told if isinstance(each, dg.AssetCheckResult))
            raise dg.Failure(reason)
        self._count_rows()
        yield from told

    def _run(self) -> tuple[list[Any], str]:
        folder = self.project.draft.parent / "target"
        folder.mkdir()
        parsed = self.project.target / "partial_parse.msgpack"
        if parsed.is_file():  # which spares dbt to read the project once more
            shutil.copyfile(parsed, folder / parsed.name)
        words = ["build", "--vars", self.project.variables()]
        with _environment(self.project.environment()), redirect_stdout(StringIO()):
            invocation = self.dbt.cli(
                words, context=self.context, target_path=folder, raise_on_error=False
            )
            told = list(_telling(invocation.stream()))
        shutil.copyfile(folder / "dbt.log", self.project.home.marts / "dbt.log")
        return told, "" if invocation.is_successful() else _reason(invocation)

    def _count_rows(self) -> None:
        for mart in self.project.published():
            key = dg.AssetKey([PREFIX, mart.name])
            if key in self.context.selected_asset_keys:
                self.context.add_asset_metadata({"dagster/row_count": mart.rows}, asset_key=key)


def _telling(events: Iterator[Any]) -> Iterator[Any]:
    """The same, while whoever waits sees how many there were."""
    for number, event in enumerate(events, 1):
        tell(PREFIX, number, unit="steps")
        yield event


def _reason(invocation: DbtCliInvocation) -> str:
    """The tests and models that are bad, each with what dbt says about it."""
    try:
        results = invocation.get_artifact("run_results.json")["results"]
    except FileNotFoundError:
        return f"dbt: {invocation.get_error() or 'ended before it had built anything'}"
    bad = [each for each in results if each["status"] in BAD]
    return "; ".join(f"{each['unique_id']}: {each['message']}" for each in bad)


@contextmanager
def _environment(given: dict[str, str]) -> Iterator[None]:
    """Sets these for the processes that are started in the block."""
    before = {name: os.environ.get(name) for name in given}
    os.environ.update(given)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
