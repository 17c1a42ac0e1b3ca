"""`dataq check --deep` finds every kind of damage, and `--repair` mends what can be had again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dataq_lake.indexes.folder import IndexFolder
from dataq_lake.indexes.manifest import FORMAT
from dataq_lake.lake import Lake
from tests.faults.conftest import Undisturbed
from tests.faults.damage import (
    Damage,
    expect_mended,
    findings,
    flip,
    flipped_blob,
    flipped_part_of_embeddings,
    lost_blob,
    lost_member_blob,
    lost_part,
    torn_blob,
    torn_part,
)
from tests.faults.stand import Server, contents, copied, differences, lake_of, some


def flipped_vectors(lake: Lake) -> str:
    path = next(IndexFolder(lake.root).parts.iterdir()) / "vectors.faiss"
    flip(path, 0.9)
    return path.parent.name


def lost_index_part(lake: Lake) -> str:
    path = next(IndexFolder(lake.root).parts.iterdir())
    path.rename(path.parents[3] / "elsewhere")
    return path.name


def flipped_text(lake: Lake) -> str:
    (path,) = IndexFolder(lake.root).snapshots.glob("*/text/*.store")
    flip(path, 0.2)
    return path.name


def torn_manifest(lake: Lake) -> str:
    (path,) = IndexFolder(lake.root).snapshots.glob("*/manifest.json")
    path.write_bytes(path.read_bytes()[:50])
    return path.parent.name


LOST = ("items", "quarantine", "assets", "entities", "texts", "analyses", "messages", "segments",
        "embeddings", "snapshots")  # fmt: skip
MENDABLE: dict[str, Damage] = {
    each.__name__: each
    for each in (
        *(torn_blob, flipped_blob, lost_blob, lost_member_blob),
        *(flipped_vectors, lost_index_part, flipped_text, torn_manifest),
        flipped_part_of_embeddings,
    )
}
MENDABLE |= {f"lost_part_of_{name}": lost_part(name) for name in LOST}
MENDABLE["torn_part_of_segments"] = torn_part("segments")
# At most one of blobs, one of tables and one of the index: what mends one would mend another.
TOGETHER = (
    ("torn_blob",),
    ("lost_part_of_assets",),
    ("flipped_blob", "lost_part_of_messages", "lost_index_part"),
    ("lost_blob", "lost_part_of_quarantine", "flipped_text"),
    ("flipped_part_of_embeddings",),
    ("lost_member_blob",),
    ("lost_part_of_analyses", "torn_manifest"),
    ("lost_part_of_snapshots",),
    ("flipped_vectors",),
    *((f"lost_part_of_{name}",) for name in ("items", "entities", "texts", "segments")),
    ("lost_part_of_embeddings",),
    ("torn_part_of_segments",),
)


def test_every_damage_is_among_those_that_are_mended() -> None:
    assert sorted(name for names in TOGETHER for name in names) == sorted(MENDABLE)


@pytest.fixture(scope="module")
def whole(
    server: Server, undisturbed: Undisturbed, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    home = copied(undisturbed.template, tmp_path_factory.mktemp("whole") / "home")
    assert server.dataq(home, "run").code == 0
    return home


def deep(server: Server, home: Path, *words: str) -> dict[str, Any]:
    told = server.dataq(home, "check", "--deep", "--json", *words)
    return findings(told.code, told.out)


def test_a_whole_lake_has_no_findings(server: Server, whole: Path) -> None:
    found = deep(server, whole)
    assert found["findings"] == []
    assert found["passed"], "the asset checks ran too"


@pytest.mark.parametrize("names", some(TOGETHER, quick=TOGETHER[:2]), ids="+".join)
def test_damage_is_found_and_mended(
    server: Server, undisturbed: Undisturbed, whole: Path, tmp_path: Path, names: tuple[str, ...]
) -> None:
    """The damage is named, nothing of it is left, and the lake is as if it had never been."""
    home = copied(whole, tmp_path / "home")
    places = [MENDABLE[name](lake_of(home)) for name in names]
    expect_mended(deep(server, home, "--repair"), places)
    assert differences(contents(lake_of(home)), undisturbed.contents) == []


def test_what_meets_damage_says_how_to_mend_it(server: Server, whole: Path, tmp_path: Path) -> None:
    home = copied(whole, tmp_path / "home")
    lost = lost_part("items")(lake_of(home))
    torn_manifest(lake_of(home))
    run = server.dataq(home, "run")
    assert run.code == 1
    assert f"items/{lost} is in its log but not on disk: `dataq check --deep --repair`" in run.out
    search = server.dataq(home, "search", "heron")
    assert search.code == 1
    assert "cannot be read" in search.out
    assert "`dataq check --deep --repair` mends" in search.out


def test_an_index_from_before_there_were_sums_is_judged_by_its_counts(
    server: Server, whole: Path, tmp_path: Path
) -> None:
    home = copied(whole, tmp_path / "home")
    for path in IndexFolder(lake_of(home).root).root.rglob("sums.json"):
        path.unlink()
    assert deep(server, home)["findings"] == []
    (part, *_) = IndexFolder(lake_of(home).root).parts.iterdir()
    kept = len(places := np.load(part / "places.npy")) - 1
    np.save(part / "places.npy", places[1:], allow_pickle=False)
    (finding,) = deep(server, home)["findings"]
    assert f"{kept} places" in finding["reason"]


def test_an_index_of_a_newer_dataq_is_left_alone(
    server: Server, whole: Path, tmp_path: Path
) -> None:
    home = copied(whole, tmp_path / "home")
    (path,) = IndexFolder(lake_of(home).root).snapshots.glob("*/manifest.json")
    newer = path.read_text().replace(f'"format": {FORMAT}', f'"format": {FORMAT + 1}')
    path.write_text(newer)
    found = deep(server, home, "--repair")
    assert [each["remedy"] for each in found["left"]] == ["none"]
    assert "upgrade DataQ" in found["left"][0]["reason"]
    assert path.read_text() == newer
