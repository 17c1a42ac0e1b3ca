"""Contents in an object store: whole, once, and never collected while somebody needs them."""

from __future__ import annotations

import os
import time
from datetime import timedelta

import pytest

from dataq_lake.errors import ContentDamaged, ContentLost
from dataq_lake.objects import blobs as blobs_module
from dataq_lake.objects.blobs import ObjectBlobs
from dataq_lake.objects.path import ObjectPath

NOW = timedelta(0)


@pytest.fixture
def blobs(bucket: ObjectPath) -> ObjectBlobs:
    return ObjectBlobs(bucket / "blobs")


@pytest.mark.parametrize("size", [0, 300_000, 9 << 20])
def test_what_is_put_is_what_is_read(
    blobs: ObjectBlobs, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(blobs_module, "LARGE", 8 << 20)  # the last one goes in pieces
    content = os.urandom(size)
    pieces = [content[start : start + 999_999] for start in range(0, size, 999_999)]
    for _ in range(2):
        blob = blobs.put(iter(pieces))
        assert blob.size == size
    assert blobs.read(blob.uri) == content
    with blobs.open(blob.uri) as file:
        file.seek(size // 2)
        assert file.read() == content[size // 2 :]
    assert [(each.uri, each.size) for each in blobs.stored()] == [(blob.uri, size)]


def test_damage_and_loss_are_told(blobs: ObjectBlobs) -> None:
    uri = blobs.put(b"x" * 1000).uri
    blobs.path(uri).write_bytes(b"x" * 999)
    with pytest.raises(ContentDamaged, match="is damaged"):
        blobs.read(uri)
    blobs.set_aside(uri)
    with pytest.raises(ContentLost, match="is not in the blob store s3://"):
        blobs.read(uri)
    assert blobs.put(b"x" * 1000).uri == uri
    blobs.forget_aside(uri)
    assert blobs.read(uri) == b"x" * 1000


def test_a_torn_blob_is_put_again(blobs: ObjectBlobs) -> None:
    uri = blobs.put(b"x" * 1000).uri
    blobs.path(uri).write_bytes(b"x" * 10)
    assert blobs.put(b"x" * 1000).uri == uri
    assert blobs.read(uri) == b"x" * 1000


@pytest.mark.parametrize("moment", ["before it is announced", "before it is gone", "afterwards"])
def test_a_writer_that_comes_between_keeps_its_blob(
    blobs: ObjectBlobs, moment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    uri = blobs.put(b"wanted").uri
    old = timedelta(seconds=-5)  # whatever is there counts as old
    writer = ObjectBlobs(blobs.folder)
    announced, unlink = ObjectPath.now, ObjectPath.unlink
    calls: list[str] = []

    def now(path: ObjectPath) -> float:
        told = announced(path)
        if path.parent.name == "collected" and moment == "before it is gone":
            with writer.writer() as one:  # it is sent beside the collector, and waits for it
                one.write(b"wanted")
                one.commit()
            while not blobs._mark("young", uri).is_file():
                time.sleep(0.02)
            time.sleep(0.3)  # time enough to look for the blob, which is still there
            calls.append("sent")
        return told

    monkeypatch.setattr(ObjectPath, "now", now)
    if moment == "before it is announced":
        writer.put(b"wanted")
        assert blobs.collect(uri, timedelta(hours=1)) is None
    else:
        assert blobs.collect(uri, old) == len(b"wanted")
    monkeypatch.setattr(ObjectPath, "now", announced)
    monkeypatch.setattr(ObjectPath, "unlink", unlink)
    if moment == "afterwards":
        writer.put(b"wanted")
    writer.settle()
    assert bool(calls) == (moment == "before it is gone")
    assert blobs.read(uri) == b"wanted"


def test_what_a_killed_collector_announced_is_taken_back(blobs: ObjectBlobs) -> None:
    uri = blobs.put(b"kept").uri
    (blobs.folder / "collected" / uri[5:]).touch()
    with blobs.collecting():
        pass
    assert list((blobs.folder / "collected").iterdir()) == []
    assert blobs.read(uri) == b"kept"
