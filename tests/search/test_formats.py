"""What an earlier DataQ indexed stays searchable; the next publication starts an index anew."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from dataq_lake.indexes.documents import Publication
from dataq_lake.indexes.folder import IndexFolder
from dataq_lake.indexes.manifest import INDEX_FORMAT, Model
from dataq_lake.indexes.merging import merge_parts, wasteful
from dataq_lake.indexes.publish import indexed_segments, publish
from dataq_lake.indexes.snapshot import open_snapshot
from dataq_lake.indexes.verifying import damage
from dataq_lake.lake import Lake, open_lake
from dataq_lake.search import MODES, Mode, search
from dataq_lake.snapshots import create
from tests.search.fixtures.make import ROWS
from tests.search.notes import documents

FIXTURES = Path(__file__).parent / "fixtures"


@pytest.fixture(params=range(1, INDEX_FORMAT))
def old(request: pytest.FixtureRequest, tmp_path: Path) -> Lake:
    """A lake whose two snapshots have an earlier format."""
    root = tmp_path / "lake"
    shutil.copytree(FIXTURES / f"index_{request.param}", root)
    lake = open_lake(root)
    assert open_snapshot(lake.root).manifest.index_format == request.param
    return lake


def shown(lake: Lake, query: str, mode: Mode, snapshot: str | None = None) -> list[tuple[str, ...]]:
    hits = search(lake, query, mode=mode, snapshot=snapshot)
    return [(hit.path, hit.title or "", hit.text, str(hit.timestamp)) for hit in hits]


BREAD, SAILS, TAXES = (
    (row["path"], row.get("title", ""), row["text"], "2026-01-01T00:00:00+00:00") for row in ROWS
)


@pytest.mark.parametrize("mode", MODES)
def test_an_older_index_is_searched_as_it_is(old: Lake, mode: Mode) -> None:
    assert shown(old, "sourdough night", mode)[0] == BREAD
    assert TAXES not in shown(old, "form due in May", mode)
    first = IndexFolder(Path(str(old.root))).manifests()[0]
    assert shown(old, "form due in May", mode, first.id)[0] == TAXES
    assert list(damage(IndexFolder(Path(str(old.root))))) == []


def test_an_older_index_is_built_anew(old: Lake, model: Model) -> None:
    before = open_snapshot(old.root).manifest
    assert wasteful(before) == []
    assert merge_parts(old, before.parts) == []
    assert len(indexed_segments(old, model)) == 0
    publish(old, Publication(model, [documents(ROWS[:2])]))
    after = open_snapshot(old.root).manifest
    assert (after.index_format, after.parent, after.segments) == (INDEX_FORMAT, None, 2)
    for mode in MODES:
        assert shown(old, "squall", mode)[0] == SAILS
        assert shown(old, "squall", mode, before.id)[0] == SAILS


def test_a_state_kept_of_an_older_index_is_of_its_format(old: Lake) -> None:
    create(old, "kept")
    for mode in MODES:
        assert shown(old.at("kept"), "sourdough", mode)[0] == BREAD
