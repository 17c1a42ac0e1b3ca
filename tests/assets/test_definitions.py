"""The graph as Dagster sees it: a snapshot, its descriptions, and what loading it costs."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from dataq_assets.columns import table_facts
from dataq_assets.components.source_plugin import raw_asset
from dataq_assets.definitions import build
from dataq_assets.loading import BrokenSourceWarning
from dataq_assets.stages import checks
from dataq_assets.stages.check import DECLARED, all_checks
from dataq_lake.schemas import TABLES, declared
from dataq_resources.home import Home
from dataq_resources.sources import SourceConfig, read_sources, write_source

GRAPH = Path(__file__).with_name("graph.json")
UNSEEN = {
    "plugin_state", "deliveries", "reprocessings", "relations", "links", "sketches",
    "positions", "regions", "collection_members", "collection_names", "manual_tags", "feedback",
    "ranking_judgements", "ranking_confidences", "ranking_uses",
}  # fmt: skip
"""Tables without an asset of their own."""
HEAVY = (
    "faiss", "tantivy", "deltalake", "duckdb", "selectolax", "tree_sitter", "wordllama", "dbt",
    "polars", "pyarrow", "numpy", "google.protobuf", "dataq_plugins.host", "dataq_assets.runs",
)  # fmt: skip


@pytest.fixture
def place(home: Path) -> Home:
    found = Home(home)
    config = {"root": "/srv/files"}
    write_source(
        found,
        SourceConfig(
            name="files",
            plugin="file_scanner",
            config=config,
            owners=("team:files", "ann@example.org"),
        ),
    )
    write_source(
        found,
        SourceConfig(
            name="mail", command=("mail-plugin", "--all"), protocol="plain", window="daily"
        ),
    )
    return found


def graph_of(definitions: dg.Definitions) -> dict[str, Any]:
    graph = definitions.resolve_asset_graph()
    checks: dict[str, list[str]] = {}
    for key in graph.asset_check_keys:
        checks.setdefault(key.asset_key.to_user_string(), []).append(key.name)
    return {
        key.to_user_string(): {
            "after": sorted(parent.to_user_string() for parent in graph.get(key).parent_keys),
            "group": graph.get(key).group_name,
            "kinds": sorted(graph.get(key).kinds),
            "owners": list(graph.get(key).owners),
            "checks": sorted(checks.get(key.to_user_string(), [])),
            "windows": type(graph.get(key).partitions_def).__name__
            if graph.get(key).partitions_def
            else None,
        }
        for key in sorted(graph.get_all_asset_keys())
    }


def test_graph_is_as_it_was(place: Home) -> None:
    """After a wanted change: DATAQ_WRITE_GRAPH=1 pytest tests/assets/test_definitions.py."""
    import os

    found = graph_of(build(place))
    if os.environ.get("DATAQ_WRITE_GRAPH"):
        GRAPH.write_text(json.dumps(found, indent=1, sort_keys=True) + "\n")
    assert found == json.loads(GRAPH.read_text())


def test_components_and_direct_definitions_are_the_same(place: Home) -> None:
    assert graph_of(build(place)) == graph_of(build(place, read_sources(place).good))


def test_every_table_has_a_check_a_description_and_a_group(place: Home) -> None:
    graph = build(place).resolve_asset_graph()
    checked = {key.asset_key for key in graph.asset_check_keys}
    for key in graph.get_all_asset_keys():
        assert graph.get(key).description, key
        assert graph.get(key).group_name != "default", key
        assert key in checked or graph.get(key).group_name == "maintenance"
    tables = {key.path[0] for key in graph.get_all_asset_keys()}
    assert set(TABLES) - UNSEEN <= tables


def test_every_table_tells_what_its_columns_mean(place: Home) -> None:
    graph = build(place).resolve_asset_graph()
    for key in graph.materializable_asset_keys:
        if graph.get(key).group_name == "maintenance":
            continue
        metadata = graph.get(key).metadata
        table = declared(metadata["dagster/table_name"])
        shown = metadata["dagster/column_schema"].columns
        assert [column.name for column in shown] == table.schema.names
        assert all(column.description for column in shown)


def test_raw_windows_reach_to_today(place: Home) -> None:
    definitions = build(place)
    raw = definitions.resolve_asset_graph().get(dg.AssetKey("raw_mail"))
    assert raw.partitions_def is not None
    from datetime import UTC, datetime

    keys = raw.partitions_def.get_partition_keys()
    assert keys[0] == "2000-01-01"
    assert keys[-1] == datetime.now(UTC).strftime("%Y-%m-%d")
    assert raw.backfill_policy == dg.BackfillPolicy.single_run()


def test_a_broken_source_shows_as_such_and_the_rest_loads(place: Home) -> None:
    broken = place.sources / "broken" / "defs.yaml"
    broken.parent.mkdir()
    broken.write_text("type: dataq_assets.components.SourcePlugin\nattributes:\n  name: broken\n")
    with pytest.warns(BrokenSourceWarning, match="give either plugin or command"):
        definitions = build(place)
    graph = definitions.resolve_asset_graph()
    node = graph.get(dg.AssetKey("raw_broken"))
    assert not node.is_executable
    assert node.description is not None
    assert "defs.yaml:2" in node.description
    assert graph.get(dg.AssetKey("raw_files")).is_executable


def test_loading_the_graph_loads_nothing_heavy(place: Home) -> None:
    code = (
        "import sys, dataq_assets.definitions as found\n"
        "found.definitions().get_repository_def()\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    told = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert told.stdout.strip() == "[]"


def test_checks_are_as_their_files_say_once_they_are_loaded() -> None:
    for check in all_checks():
        module = import_module(f"{checks.__name__}.{check.name}")
        told = {name: getattr(module, name) for name in DECLARED if hasattr(module, name)}
        assert (check.asset, check.tables) == (told["ASSET"], told["TABLES"])
        assert check.severity == told.get("SEVERITY", "error")
        assert check.blocking is told.get("BLOCKING", False)
        assert check.doc == str(module.__doc__).strip()


def test_fifty_sources_are_told_of_their_columns_once(place: Home) -> None:
    table_facts.cache_clear()
    for number in range(50):
        write_source(place, SourceConfig(name=f"source_{number}", plugin="file_scanner"))
    graph = build(place).resolve_asset_graph()
    raw = [graph.get(key) for key in graph.get_all_asset_keys() if key.path[0].startswith("raw_")]
    assert len(raw) == 52
    assert len({id(node.metadata["dagster/column_schema"]) for node in raw}) == 1
    assert table_facts.cache_info().misses <= len(TABLES) + 1


def test_stages_know_nothing_of_dagster() -> None:
    code = (
        "import importlib, pkgutil, sys, dataq_assets.stages as stages\n"
        "for each in pkgutil.walk_packages(stages.__path__, 'dataq_assets.stages.'):\n"
        "    importlib.import_module(each.name)\n"
        "import dataq_resources.sources, dataq_resources.home, dataq_assets.runs\n"
        "print('dagster' in sys.modules)"
    )
    told = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert told.stdout.strip() == "False"


def test_what_is_more_than_a_source_is_left_to_dagsters_components(
    place: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ABOUT_NOTES", "What we wrote down.")
    text = (
        "type: dataq_assets.components.SourcePlugin\n"
        "attributes: {name: NAME, plugin: file_scanner, config: {root: /srv}, description: TEXT}\n"
    )
    post = "post_processing: {assets: [{attributes: {owners: ['team:desk']}}]}\n"
    for name, description, more in (
        ("plain", "Said.", ""),
        ("template", '"{{ env.ABOUT_NOTES }}"', ""),
        ("processed", "Said.", post),
    ):
        path = place.sources / name / "defs.yaml"
        path.parent.mkdir()
        path.write_text(text.replace("NAME", name).replace("TEXT", description) + more)
    specs = {spec.key.path[0]: spec for spec in build(place).resolve_all_asset_specs()}
    assert specs["raw_template"].description == "What we wrote down."
    assert "team:desk" in specs["raw_processed"].owners
    for name in ("plain", "template"):
        (declared,) = specs[f"raw_{name}"].metadata["dagster/code_references"].code_references
        assert declared.file_path == str(place.sources / name / "defs.yaml")


@pytest.mark.parametrize(("pool", "expected"), [(None, "source_mine"), ("gmail", "gmail")])
def test_sources_of_one_service_share_its_pool(pool: str | None, expected: str) -> None:
    source = SourceConfig(name="mine", plugin="file_scanner", config={"root": "/"}, pool=pool)
    assert raw_asset(source).op.pool == expected
