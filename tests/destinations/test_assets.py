"""Destinations in the graph: downstream of what they read, delivered when that has changed."""

from __future__ import annotations

from pathlib import Path

import dagster as dg
import pytest

from dataq_assets.definitions import build
from dataq_assets.defs.destinations import destination_key
from dataq_assets.quiet import quietly
from dataq_assets.runs.delivering import deliver
from dataq_assets.runs.launch import open_instance
from dataq_lake.lake import Lake, open_lake
from dataq_resources.destinations import Destination, write_destination
from dataq_resources.home import Home
from tests.destinations.conftest import add_items, http
from tests.destinations.receiver import Receiver

pytestmark = pytest.mark.filterwarnings(
    "ignore:InitResourceContext.dagster_run is deprecated:DeprecationWarning"
)


@pytest.fixture
def home(home: Path) -> Home:
    made = Home(home)
    made.prepare()
    return made


@pytest.fixture
def lake(home: Home) -> Lake:
    return open_lake(home.lake)


def declare(home: Home, *destinations: Destination) -> None:
    for each in destinations:
        write_destination(home, each)


def test_each_is_an_asset_after_its_table(home: Home, receiver: Receiver) -> None:
    declare(
        home,
        http(receiver, "crm"),
        http(receiver, "rejects", table="quarantine"),
        http(receiver, "by_hand", table="segments", automatic=False),
        http(receiver, "copy", table="assets", changes=True),
    )
    (home.path / "destinations" / "bad.yaml").write_text("plugin: http_api\n")
    graph = build(home).resolve_asset_graph()
    nodes = {
        name: graph.get(destination_key(name)) for name in ("crm", "rejects", "by_hand", "copy")
    }
    assert {name: node.parent_keys for name, node in nodes.items()} == {
        "crm": {dg.AssetKey("items")},
        "rejects": {dg.AssetKey(["quarantine", "rejected_items"])},
        "by_hand": {dg.AssetKey("segments")},
        "copy": {dg.AssetKey("assets"), dg.AssetKey("entities")},
    }
    assert all(graph.get(key).is_materializable for node in nodes.values() for key in [node.key])
    automatic = {name for name, node in nodes.items() if node.automation_condition}
    assert automatic == {"crm", "rejects", "copy"}
    bad = graph.get(destination_key("bad"))
    assert "bad.yaml" in (bad.description or "")
    assert not bad.is_materializable


def test_a_run_of_sources_delivers_nothing(home: Home, receiver: Receiver) -> None:
    declare(home, http(receiver))
    assert destination_key("crm") not in build(home, []).resolve_asset_graph().get_all_asset_keys()


def test_what_was_delivered_is_told(home: Home, lake: Lake, receiver: Receiver) -> None:
    ids = add_items(lake, 0, 30)
    declare(home, http(receiver))
    receiver.refuses = lambda rows: 400 if rows[0]["item_id"] == ids[0] else None
    outcome = deliver(home)
    assert outcome.ok
    with open_instance(home) as instance:
        event = instance.get_latest_materialization_event(destination_key("crm"))
        assert event is not None
        assert event.run_id == outcome.run_ids[0]
        assert event.asset_materialization is not None
        told = {name: each.value for name, each in event.asset_materialization.metadata.items()}
    assert (told["rows"], told["dead"], told["requests"]) == (20, 10, 3)


def test_a_daemon_delivers_once_what_is_stored_is_stored(
    home: Home, lake: Lake, receiver: Receiver
) -> None:
    declare(home, http(receiver), http(receiver, "by_hand", automatic=False))
    definitions = build(home)
    with open_instance(home) as instance, quietly():

        def wanted() -> set[str]:
            found = dg.evaluate_automation_conditions(definitions, instance)
            asked = {each.key for each in found.results if not each.true_subset.is_empty}
            return {name for name in ("crm", "by_hand") if destination_key(name) in asked}

        def store() -> None:
            instance.report_runless_asset_event(dg.AssetMaterialization("items"))

        assert wanted() == set()
        store()
        assert wanted() == {"crm"}
        assert deliver(home).ok
        assert wanted() == set()
        store()
        assert wanted() == {"crm"}
