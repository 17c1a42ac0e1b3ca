"""`dataq check --deep` finds every kind of damage, and `--repair` mends what can be had again."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dataq_lake.indexes.folder import IndexFolder
from dataq_lake.indexes.manifest import FORMAT
from tests.faults.conftest import Undisturbed
from tests.faults.stand import Server, contents, copied, differences, lake_of, some

Break = Callable[[Path], str]


def flip(path: Path, place: float = 0.5) -> None:
    """Changes one byte of a file, in its middle; size and times of others stay."""
    data = bytearray(path.read_bytes())
    data[int(len(data) * place)] ^= 0xFF
    path.write_bytes(data)


def part_of(home: Path, table: str) -> Path:
    return lake_of(home).table(table).files()[0]


def blob_of(home: Path, size: int) -> Path:
    """The blob of this many bytes: 300,000 have come from the source, 280,000 out of a zip."""
    (path,) = [p for p in lake_of(home).blobs.folder.glob("??/*") if p.stat().st_size == size]
    return path


def torn_blob(home: Path) -> str:
    path = blob_of(home, 300_000)
    path.write_bytes(path.read_bytes()[:1000])
    return path.name


def flipped_blob(home: Path) -> str:
    path = blob_of(home, 300_000)
    flip(path)
    return path.name


def lost_blob(home: Path) -> str:
    path = blob_of(home, 300_000)
    path.unlink()
    return path.name


def lost_member_blob(home: Path) -> str:
    path = blob_of(home, 280_000)
    path.unlink()
    return path.name


def lost_part(table: str) -> Break:
    def damage(home: Path) -> str:
        path = part_of(home, table)
        path.unlink()
        return path.name

    return damage


def torn_part(table: str) -> Break:
    def damage(home: Path) -> str:
        path = part_of(home, table)
        path.write_bytes(path.read_bytes()[:-100])
        return path.name

    return damage


def flipped_vectors(home: Path) -> str:
    path = next(IndexFolder(lake_of(home).root).parts.iterdir()) / "vectors.faiss"
    flip(path, 0.9)
    return path.parent.name


def flipped_shown(home: Path) -> str:
    path = next(IndexFolder(lake_of(home).root).parts.iterdir()) / "shown.arrow"
    flip(path, 0.5)
    return path.parent.name


def lost_index_part(home: Path) -> str:
    path = next(IndexFolder(lake_of(home).root).parts.iterdir())
    path.rename(home / "elsewhere")
    return path.name


def flipped_text(home: Path) -> str:
    (path,) = IndexFolder(lake_of(home).root).snapshots.glob("*/text/*.store")
    flip(path, 0.2)
    return path.name


def torn_manifest(home: Path) -> str:
    (path,) = IndexFolder(lake_of(home).root).snapshots.glob("*/manifest.json")
    path.write_bytes(path.read_bytes()[:50])
    return path.parent.name


MENDABLE: dict[str, Break] = {
    each.__name__: each
    for each in (torn_blob, flipped_blob, lost_blob, lost_member_blob, flipped_vectors)
} | {
    each.__name__: each for each in (lost_index_part, flipped_text, torn_manifest)
}  # fmt: skip
MENDABLE |= {f"lost_part_of_{name}": lost_part(name) for name in (
    "items", "quarantine", "assets", "entities", "texts", "analyses", "messages", "segments",
    "embeddings", "snapshots",
)}  # fmt: skip
MENDABLE["torn_part_of_segments"] = torn_part("segments")


@pytest.fixture(scope="module")
def whole(
    server: Server, undisturbed: Undisturbed, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    home = copied(undisturbed.template, tmp_path_factory.mktemp("whole") / "home")
    assert server.dataq(home, "run").code == 0
    return home


def deep(server: Server, home: Path, *words: str) -> dict[str, Any]:
    told = server.dataq(home, "check", "--deep", "--json", *words)
    found = json.loads(told.out)
    assert isinstance(found, dict)
    assert told.code == (0 if found["ok"] else 1)
    return found


def test_a_whole_lake_has_no_findings(server: Server, whole: Path) -> None:
    found = deep(server, whole)
    assert found["findings"] == []
    assert found["passed"], "the asset checks ran too"


@pytest.mark.parametrize("name", some(MENDABLE, quick=["torn_blob", "lost_part_of_assets"]))
def test_damage_is_found_and_mended(
    server: Server, undisturbed: Undisturbed, whole: Path, tmp_path: Path, name: str
) -> None:
    """The damage is named, nothing of it is left, and the lake is as if it had never been."""
    home = copied(whole, tmp_path / "home")
    place = MENDABLE[name](home)
    found = deep(server, home, "--repair")
    assert any(place in each["place"] + each["reason"] for each in found["findings"]), found
    assert (found["ok"], found["left"], found["not_repaired"]) == (True, [], []), found
    assert found["passed"], "the asset checks ran too"
    assert differences(contents(lake_of(home)), undisturbed.contents) == []


def test_what_meets_damage_says_how_to_mend_it(server: Server, whole: Path, tmp_path: Path) -> None:
    home = copied(whole, tmp_path / "home")
    lost = lost_part("items")(home)
    torn_manifest(home)
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
