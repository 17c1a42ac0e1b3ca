"""`dataq check --deep` on a lake in an object store: damage is found, told, and mended."""

from __future__ import annotations

import json
import shutil
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from dataq_lake.lake import Lake, open_lake
from dataq_lake.objects.indexes import ObjectIndexes
from dataq_lake.objects.path import ObjectPath
from tests.faults.damage import (
    Damage,
    expect_mended,
    findings,
    flip,
    lost_blob,
    lost_member_blob,
    lost_part,
    torn_blob,
)
from tests.faults.stand import contents, differences, fill
from tests.s3.machine import Machine
from tests.s3.seaweed import BUCKET, Seaweed

# What a look may leave behind: who was here, and what time the store has.
PASSING = ("/locks/", "/leases/")


def indexes(lake: Lake) -> ObjectIndexes:
    assert isinstance(lake.root, ObjectPath)
    return ObjectIndexes(lake.root / "indexes")


def flipped_vectors(lake: Lake) -> str:
    folder = indexes(lake)
    (listing, *_) = (folder.home / "parts").iterdir()
    sha256, _size = json.loads(listing.read_bytes())["files"]["vectors.faiss"]
    path = folder.home / "files" / sha256
    flip(path)
    return listing.name.removesuffix(".json")


def lost_index_part(lake: Lake) -> str:
    (listing, *_) = (indexes(lake).home / "parts").iterdir()
    listing.unlink()
    return listing.name.removesuffix(".json")


def lost_text(lake: Lake) -> str:
    folder = indexes(lake)
    (name,) = folder.names()
    files = folder._listing(name)[1]
    (store, *_) = [told[0] for place, told in files.items() if place.endswith(".store")]
    (folder.home / "files" / store).unlink()
    return name


def torn_manifest(lake: Lake) -> str:
    folder = indexes(lake)
    (name,) = folder.names()
    path = folder.home / "snapshots" / f"{name}.json"
    path.write_bytes(path.read_bytes()[:50])
    return name


MENDABLE: dict[str, Damage] = {
    "torn_blob": torn_blob,
    "lost_blob": lost_blob,
    "lost_member_blob": lost_member_blob,
    "flipped_vectors": flipped_vectors,
    "lost_index_part": lost_index_part,
    "lost_text": lost_text,
    "torn_manifest": torn_manifest,
    **{f"lost_part_of_{name}": lost_part(name) for name in ("items", "segments", "snapshots")},
}
AT_ONCE = ("torn_blob", "lost_member_blob", "flipped_vectors", "lost_part_of_segments")
LATER = (
    ("lost_blob", "lost_index_part", "lost_part_of_items"),
    ("torn_manifest", "lost_part_of_snapshots"),
    ("lost_text",),
)


@dataclass(frozen=True)
class Archived:
    """A machine, its lake in the store, and what that holds while nothing is damaged."""

    machine: Machine
    lake: Lake
    contents: dict[str, Any]

    def deep(self, *words: str) -> dict[str, Any]:
        """What `check --deep` tells, whose exit code has to agree."""
        code, out, err = self.machine.told("check", "--deep", "--json", *words)
        assert "Traceback" not in err
        return findings(code, out)

    def stored(self) -> dict[str, str]:
        """The tag of each object, by its place."""
        assert isinstance(self.lake.root, ObjectPath)
        every = {str(path): path.stat().e_tag for path in self.lake.root.below() if path.facts}
        return {place: tag for place, tag in every.items() if not any(p in place for p in PASSING)}


@pytest.fixture(scope="module")
def template(seaweed: Seaweed, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ObjectPath]:
    """The home of a machine, and its lake in the store."""
    folder = tmp_path_factory.mktemp("archived")
    bucket = ObjectPath.parse(f"s3://{BUCKET}/{uuid.uuid4().hex}")
    settings = {**seaweed.environment(), "DATAQ_CACHE": str(folder / "machine-cache")}
    machine = Machine(folder / "home", str(bucket), settings)
    machine.source("s", fill(folder / "source"))
    machine.dataq("run")
    return machine.home, bucket


@pytest.fixture
def archived(
    template: tuple[Path, ObjectPath], seaweed: Seaweed, bucket: ObjectPath, tmp_path: Path
) -> Archived:
    """A copy of them, of a test's own."""
    home, stored = template
    shutil.copytree(home, tmp_path / "home", symlinks=True)
    for path in stored.below():
        if path.facts and not any(passing in str(path) for passing in PASSING):
            (bucket / str(path).removeprefix(f"{stored}/")).write_bytes(path.read_bytes())
    settings = {**seaweed.environment(), "DATAQ_CACHE": str(tmp_path / "machine-cache")}
    lake = open_lake(bucket)
    return Archived(Machine(tmp_path / "home", str(bucket), settings), lake, held(lake))


def held(lake: Lake) -> dict[str, Any]:
    """All but the state of the source, which remembers which files were too fresh to be sure."""
    found = contents(lake)
    del found["states"]
    return found


def mend(archived: Archived, places: list[str]) -> None:
    """Each damage is named, nothing of it is left, and the lake is as if it had never been."""
    expect_mended(archived.deep("--repair"), places)
    assert differences(held(open_lake(archived.lake.root)), archived.contents) == []


def test_damage_is_told_left_alone_and_mended(archived: Archived) -> None:
    """Four kinds at once: looking changes nothing, and a run says what to do in a line."""
    places = [MENDABLE[name](archived.lake) for name in AT_ONCE]
    before = archived.stored()
    code, out, err = archived.machine.told("check", "--deep")
    assert (code, "Traceback" in err) == (1, False)
    for place in places:
        (line,) = [each for each in out.splitlines() if place in each]
        assert line.startswith("damaged: "), line
    assert archived.stored() == before
    code, _, err = archived.machine.told("run")
    assert (code, "Traceback" in err) == (1, False)
    assert "`dataq check --deep --repair`" in err
    mend(archived, places)


@pytest.mark.heavy
@pytest.mark.parametrize("names", LATER, ids="+".join)
def test_other_damage_is_mended(archived: Archived, names: tuple[str, ...]) -> None:
    mend(archived, [MENDABLE[name](archived.lake) for name in names])


@pytest.mark.heavy
def test_what_cannot_be_had_again_is_told_and_nothing_is_emptied(archived: Archived) -> None:
    """A lost file of raw: derived tables stay, for they could not be derived."""
    place = lost_part("raw_s")(archived.lake)
    lost = lost_part("items")(archived.lake)
    before = archived.stored()
    found = archived.deep("--repair")
    assert not found["ok"]
    assert {each["place"].partition("/")[2] for each in found["left"]} == {place, lost}
    assert any("not made anew" in each for each in found["not_repaired"]), found
    assert archived.stored() == before
