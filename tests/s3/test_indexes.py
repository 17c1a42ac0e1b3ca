"""The search index in an object store: what is mirrored may go, what is stored is looked after."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from dataq_lake.errors import IndexDamaged, NothingIndexed
from dataq_lake.indexes.publish import publish
from dataq_lake.indexes.snapshot import open_snapshot
from dataq_lake.lake import Lake, open_lake
from dataq_lake.objects import indexes as indexes_module
from dataq_lake.objects.indexes import ObjectIndexes
from dataq_lake.objects.mirror import trim
from dataq_lake.objects.path import ObjectPath
from dataq_lake.snapshots import retire
from tests.s3.published import found, publication

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def lake(bucket: ObjectPath) -> Lake:
    return open_lake(bucket)


def indexes(lake: Lake) -> ObjectIndexes:
    assert isinstance(lake.root, ObjectPath)
    return ObjectIndexes(lake.root / "indexes")


def test_only_what_is_new_is_sent(lake: Lake) -> None:
    with pytest.raises(NothingIndexed):
        lake.index()
    for start in (0, 40, 80):
        publish(lake, publication(start, start + 40))
    folder = indexes(lake)
    one, two, three = folder.manifests()
    stored = {path.name for path in (folder.home / "files").iterdir()}
    named = [
        told[0]
        for name in folder.names()
        for place, told in folder._listing(name)[1].items()
        if place.endswith((".store", ".term"))
    ]
    assert set(named) <= stored
    assert len(set(named)) < len(named), "later snapshots name the files of earlier ones"
    assert [each.segments for each in (one, two, three)] == [40, 80, 120]
    assert found(lake) == 120
    assert list((folder.home / "drafts").iterdir()) == []


def test_the_mirror_may_go_at_any_time(lake: Lake) -> None:
    publish(lake, publication(0, 40))
    root = indexes(lake).root
    shutil.rmtree(root)
    assert found(lake) == 40
    trim(root, 0)
    publish(lake, publication(40, 50, gone=range(10)))
    shutil.rmtree(root)
    assert found(lake) == 40
    assert list(indexes(lake).damage()) == []


def test_damage_in_the_store_is_found_though_the_mirror_is_whole(lake: Lake) -> None:
    publish(lake, publication(0, 40))
    folder = indexes(lake)
    (part,) = folder.manifests()[0].parts
    listing = (folder.home / "parts" / f"{part.id}.json").read_bytes()
    largest = max((folder.home / "files").iterdir(), key=lambda path: path.stat().st_size)
    whole = largest.read_bytes()
    largest.write_bytes(whole[:-10])
    assert list(folder.damage()) != []
    shutil.rmtree(folder.root)
    with pytest.raises(IndexDamaged, match="has a damaged file"):
        found(lake)
    largest.write_bytes(whole)
    assert list(indexes(lake).damage()) == []
    (folder.home / "parts" / f"{part.id}.json").unlink()
    assert [damage.reason for _, damage in indexes(lake).damage()] == ["is not there"]
    (folder.home / "parts" / f"{part.id}.json").write_bytes(listing)
    indexes(lake).remove(indexes(lake).names())
    publish(lake, publication(0, 40))
    assert found(lake) == 40


def test_what_a_retired_snapshot_kept_goes_in_time(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    for start in (0, 40):
        publish(lake, publication(start, start + 40))
    folder = indexes(lake)
    old = folder.manifests()[0]
    before = len(list((folder.home / "files").iterdir()))
    retire(lake, old.id)
    assert len(list((folder.home / "files").iterdir())) == before, "too young to be sure"
    assert list((folder.home / "drafts").iterdir()) != []
    monkeypatch.setattr(indexes_module, "UNUSED_SECONDS", -5)
    with indexes(lake).writing():
        pass
    assert len(list((folder.home / "files").iterdir())) < before
    assert list((folder.home / "drafts").iterdir()) == []
    shutil.rmtree(folder.root)
    assert found(lake) == 80
    assert list(indexes(lake).damage()) == []


def test_publishers_of_several_machines_wait_for_each_other(lake: Lake, tmp_path: Path) -> None:
    script = (
        "import sys; from dataq_lake.lake import open_lake\n"
        "from dataq_lake.indexes.publish import publish\n"
        "from tests.s3.published import publication\n"
        "start = int(sys.argv[2]); publish(open_lake(sys.argv[1]), publication(start, start + 30))"
    )
    running = [
        subprocess.Popen(
            [sys.executable, "-c", script, str(lake.root), str(start)],
            env={**os.environ, "DATAQ_CACHE": str(tmp_path / str(start))},
            cwd=ROOT,
        )
        for start in (0, 20, 40)
    ]
    assert [process.wait(180) for process in running] == [0, 0, 0]
    assert found(lake) == 70
    assert [each.sequence for each in indexes(lake).manifests()] == [1, 2, 3]
    assert open_snapshot(lake.root).manifest.segments == 70
