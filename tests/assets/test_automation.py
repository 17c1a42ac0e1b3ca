"""The condition of everything after raw: whatever is new is carried through, and once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import dagster as dg
import pytest

from dataq_assets.behind import automatic
from dataq_assets.definitions import build
from dataq_assets.quiet import quietly
from dataq_resources.home import Home

MONTHS = dg.MonthlyPartitionsDefinition("2015-01-01", end_offset=1)
OLD, NEW = "2016-03-01", "2026-01-01"


class Graph:
    """Two sources, and two assets and a check after them, on an instance of their own."""

    def __init__(self, instance: dg.DagsterInstance) -> None:
        self.instance = instance
        self.during: dict[str, Callable[[], None]] = {}
        self.fails = False
        self.definitions = self._definitions()

    def hook(self, asset: str) -> None:
        """What a test wants to happen while this asset is made."""
        self.during.pop(asset, lambda: None)()

    def wanted(self) -> set[str]:
        """What the conditions ask for now."""
        found = dg.evaluate_automation_conditions(self.definitions, self.instance)
        return {
            each.key.to_user_string() for each in found.results if not each.true_subset.is_empty
        }

    def store(self, source: str, window: str) -> None:
        """What a run of a source leaves."""
        asset = self.definitions.resolve_assets_def(f"raw_{source}")
        assert dg.materialize([asset], instance=self.instance, partition_key=window).success

    def derive(self) -> bool:
        """Run what is after raw; whether that was good."""
        job = self.definitions.resolve_implicit_global_asset_job_def()
        keys = {dg.AssetKey("items"), dg.AssetKey("texts")}
        return (
            job.get_subset(asset_selection=keys)
            .execute_in_process(instance=self.instance, raise_on_error=False)
            .success
        )

    def _definitions(self) -> dg.Definitions:
        graph = self

        @dg.asset(partitions_def=MONTHS)
        def raw_left() -> None: ...

        @dg.asset(partitions_def=MONTHS)
        def raw_right() -> None:
            if graph.fails:
                raise dg.Failure("the plugin crashed")

        @dg.asset(deps=["raw_left", "raw_right"], automation_condition=automatic())
        def items() -> None:
            graph.hook("items")
            if graph.fails:
                raise dg.Failure("the disk is full")

        @dg.asset(deps=["items"], automation_condition=automatic())
        def texts() -> None:
            graph.hook("texts")

        @dg.asset_check(asset="items", automation_condition=automatic())
        def good() -> dg.AssetCheckResult:
            return dg.AssetCheckResult(passed=True)

        return dg.Definitions([raw_left, raw_right, items, texts], asset_checks=[good])


@pytest.fixture
def graph() -> Iterator[Graph]:
    with dg.DagsterInstance.ephemeral() as instance, quietly():
        yield Graph(instance)


ALL = {"items", "texts", "items:good"}


def test_an_old_window_of_one_source_is_carried_through_once(graph: Graph) -> None:
    assert graph.wanted() == set()
    graph.store("left", NEW)
    assert graph.wanted() == ALL
    assert graph.derive()
    assert graph.wanted() == set()
    graph.store("right", OLD)
    assert graph.wanted() == ALL
    assert graph.derive()
    assert graph.wanted() == set()


def test_what_is_stored_while_a_run_is_under_way_is_carried_by_the_next(graph: Graph) -> None:
    graph.store("left", NEW)
    graph.during["items"] = lambda: graph.store("right", OLD)
    assert graph.derive()
    assert graph.wanted() == ALL
    assert graph.derive()
    assert graph.wanted() == set()


@pytest.mark.parametrize("at", ["items", "texts"])
def test_nothing_is_asked_for_while_a_run_is_under_way(graph: Graph, at: str) -> None:
    graph.store("left", NEW)
    seen: list[set[str]] = []

    def something_new() -> None:
        graph.store("right", OLD)
        seen.append(graph.wanted())

    graph.during[at] = something_new
    assert graph.derive()
    assert seen == [set()]
    assert graph.wanted() == ALL


def test_a_failed_run_waits_for_something_new(graph: Graph) -> None:
    graph.store("left", NEW)
    graph.fails = True
    assert not graph.derive()
    assert graph.wanted() == set()
    graph.fails = False
    graph.store("left", OLD)
    assert graph.wanted() == ALL


def test_what_a_failing_source_had_sent_before_is_carried_through(graph: Graph) -> None:
    graph.store("left", NEW)
    assert graph.derive()
    graph.fails = True
    with pytest.raises(dg.Failure):
        graph.store("right", OLD)
    graph.fails = False
    assert graph.wanted() == ALL


def test_everything_after_raw_has_the_condition_and_its_sensor_runs(home: Path) -> None:
    definitions = build(Home(home))
    graph = definitions.resolve_asset_graph()
    for key in graph.get_all_asset_keys():
        automatic_ = graph.get(key).automation_condition is not None
        asked = key.path[0] in {"maintenance", "rankings", "service_levels"}
        assert automatic_ != asked, key
    assert all(graph.get(key).automation_condition for key in graph.asset_check_keys)
    sensors = definitions.sensors or ()
    (sensor,) = (s for s in sensors if isinstance(s, dg.AutomationConditionSensorDefinition))
    assert sensor.default_status is dg.DefaultSensorStatus.RUNNING
