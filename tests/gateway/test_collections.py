"""`dataq collections` and `dataq tags`, on three pages that are alike and a fourth."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from dataq_assets.stages.relation import all_relations
from dataq_lake.lake import Lake
from tests.gateway.rows import Command, add_rows

# Dagster's own code still reads it.
pytestmark = pytest.mark.filterwarnings(
    "ignore:InitResourceContext.dagster_run is deprecated:DeprecationWarning"
)

PATHS = ("heron/a.txt", "heron/b.txt", "heron/c\x1b[31m.txt", "other.txt")
IDS = {path: f"{number}" * 32 for number, path in enumerate(PATHS, 1)}


@pytest.fixture
def alike(dataq: Command, lake: Lake) -> Command:
    """Four assets by hand, and edges between the first three as if they were alike."""
    for path, id_ in IDS.items():
        asset = {"id": id_, "item_id": id_, "source": "files", "path": path, "file_hash": path}
        more = {"filename": path.rpartition("/")[2], "mime_type": "text/plain", "depth": 0}
        add_rows(lake, "assets", {**asset, **more, "file_size": 3})
        entity = {"id": id_, "entity_type": "asset", "version": 1, "version_of": id_}
        add_rows(lake, "entities", {**entity, "is_latest": True})
    for path in PATHS[1:3]:
        ends = {"id": path, "source_id": IDS[path], "target_id": IDS[PATHS[0]]}
        more = {"relationship_type": "similar_to", "strength": 0.9, "method": "cosine"}
        add_rows(lake, "relationships", {**ends, **more})
    return dataq


def asked(dataq: Command, *words: object) -> Any:
    told = dataq(*words, "--json")
    assert told.returncode == 0, told.stderr
    return json.loads(told.stdout)


def test_what_is_alike_is_collected_named_and_tagged(alike: Command, lake: Lake) -> None:
    assert asked(alike, "collections", "list") == []
    assert "dataq relate" in alike("collections", "list").stdout
    related(alike)
    (row,) = asked(alike, "collections", "list")
    assert (row["size"], row["name_method"]) == (3, "members")
    shown = asked(alike, "collections", "show", row["id"][:6])
    assert [each["asset_id"] for each in shown["members"]] == [IDS[path] for path in PATHS[:3]]
    plain = alike("collections", "show", row["name"])
    assert row["name"] in plain.stdout
    assert "\x1b" not in plain.stdout
    done = asked(alike, "collections", "rename", row["id"], "Herons", "--by", "ana")
    assert done == {"collection_id": row["id"], "name": "Herons"}
    tags(alike)
    related(alike)
    (row,) = asked(alike, "collections", "list")
    assert (row["name"], row["name_method"]) == ("Herons", "manual")
    assert "collection/Herons" in {each["tag"] for each in asked(alike, "tags", "list")}


def related(dataq: Command) -> None:
    """Collections follow from the edges that there are: only another relation is looked at."""
    first = asked(dataq, "relate", "version_of")
    assert first["ok"], first
    assert {"collections: collections_are_whole", "tags: manual_tags_kept"} <= set(first["passed"])
    assert asked(dataq, "relate", "version_of")["rows"] == {
        "relationships": 0,
        "collections": 0,
        "tags": 0,
    }


def tags(dataq: Command) -> None:
    one, other = IDS[PATHS[0]], IDS[PATHS[3]]
    added = asked(dataq, "tags", "add", one[:5], "mine", "to do", "--by", "ana")
    assert added == {"entity_id": one, "added": ["mine", "to do"]}
    assert dataq("tags", "remove", other, "kind/text").stdout == f"{other}: removed kind/text\n"
    rows = asked(dataq, "tags", "list", one, "--method", "manual")
    assert [(row["tag"], row["tagged_by"]) for row in rows] == [("mine", "ana"), ("to do", "ana")]
    assert asked(dataq, "tags", "list", other) == []
    counts = asked(dataq, "tags", "list", "--tag", "KIND/*")
    assert counts == [{"tag": "kind/text", "count": 3, "methods": "kind"}]
    assert "to do" in dataq("tags", "list").stdout


def test_mistakes_are_told(alike: Command) -> None:
    assert "no asset or collection 'zz'" in alike("tags", "add", "zz", "x").stderr
    assert "no asset or collection" in alike("tags", "list", "f" * 32).stderr
    assert "has no tag 'x': it has none" in alike("tags", "remove", "1", "x").stderr
    assert "a tag has 1 to 100 characters" in alike("tags", "add", "1", "x\ty\0").stderr
    assert "no collection 'x'" in alike("collections", "show", "x").stderr
    assert "no collection 'x'" in alike("collections", "rename", "x", "y").stderr
    assert alike("tags", "add", "1").returncode == 2


NOTES = {
    "heron": "The heron stands in the shallow river and waits for fish at the gauge of the weir.",
    "invoice": "Please pay the invoice for printer toner and paper within thirty days.",
    "kernel": "The kernel module failed to compile because a header of the driver was missing.",
}


@pytest.mark.skipif(
    "similar_to" not in {each.name for each in all_relations()},
    reason="no relation says what is alike",
)
def test_the_whole_way_from_files_to_collections(dataq: Command, tmp_path: Path) -> None:
    root = tmp_path / "notes"
    root.mkdir()
    for name, text in NOTES.items():
        for number in range(4):
            (root / f"{name}-{number}.txt").write_text(f"{text} Number {number}.\n")
    assert dataq("sources", "add", "notes", "--plugin", "file_scanner", "--config", f"root={root}")
    assert dataq("run").returncode == 0
    assert asked(dataq, "relate")["rows"]["collections"] == 3
    found = {row["id"]: row["name"] for row in asked(dataq, "collections", "list")}
    assert [any(name in each for each in found.values()) for name in NOTES] == [True] * 3
    (herons,) = (id_ for id_, name in found.items() if "heron" in name)
    hits = asked(dataq, "search", f"collection:{herons}", "number")
    assert {hit["path"] for hit in hits} == {f"heron-{number}.txt" for number in range(4)}
    (root / "heron-0.txt").unlink()
    (root / "heron-9.txt").write_text(f"{NOTES['heron']} And more of it.\n")
    assert dataq("run").returncode == 0
    asked(dataq, "relate")
    shown = asked(dataq, "collections", "show", herons)
    assert {each["path"] for each in shown["members"]} == {f"heron-{n}.txt" for n in (1, 2, 3, 9)}
