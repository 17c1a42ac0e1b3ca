"""What the store has taken although nobody heard of it: put once, and known for one's own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

import pytest

from dataq_lake.errors import StoreSilent
from dataq_lake.indexes.publish import publish
from dataq_lake.lake import open_lake
from dataq_lake.objects.blobs import ObjectBlobs
from dataq_lake.objects.indexes import ObjectIndexes
from dataq_lake.objects.lease import Lease
from dataq_lake.objects.path import ObjectPath
from tests.lake.conftest import Rows, rows  # noqa: F401
from tests.s3.proxy import BadLine
from tests.s3.published import found, publication
from tests.s3.seaweed import BUCKET, Seaweed

NOTHING, TORN = slice(0), slice(-10)
# The client itself repeats what had no answer, and is refused then: that answer may be torn too.
LOSSES = {"lost": (NOTHING,), "refusal torn": (NOTHING, TORN)}


class Line(BadLine):
    """Loses the answers to the next puts below a place of `bucket`."""

    def __init__(self, server: Seaweed, bucket: ObjectPath, kept: tuple[slice, ...]) -> None:
        super().__init__(server.ports[0])
        self._bucket, self._losses = bucket, kept

    def lose_put(self, place: str) -> None:
        self.lose(f"PUT /{BUCKET}/{self._bucket.key}/{place}".encode(), *self._losses)

    @property
    def has_lost(self) -> bool:
        return self.lost == len(self._losses)


@pytest.fixture(params=LOSSES.values(), ids=LOSSES)
def line(
    request: pytest.FixtureRequest,
    s3: Seaweed,
    bucket: ObjectPath,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Line]:
    made = Line(s3, bucket, request.param)
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{made.port}")
    yield made
    made.close()


def test_a_blob_whose_answer_was_lost_is_there_once(line: Line, bucket: ObjectPath) -> None:
    blobs = ObjectBlobs(bucket / "blobs")
    line.lose_put("blobs/")
    uri = blobs.put(b"x" * 1000).uri
    blobs.settle()
    assert line.has_lost
    assert blobs.read(uri) == b"x" * 1000
    assert [blob.uri for blob in blobs.stored()] == [uri]


def test_a_lease_whose_answer_was_lost_is_ones_own(line: Line, bucket: ObjectPath) -> None:
    """Or its holder would wait for itself until it expires."""
    lease = Lease(bucket / "work.lease")
    line.lose_put("work.lease")
    assert lease.try_take()
    assert line.has_lost
    assert not Lease(bucket / "work.lease").try_take()
    lease.check()
    lease.release()
    assert not (bucket / "work.lease").is_file()


def test_a_lease_of_another_is_not_taken_for_ones_own(line: Line, bucket: ObjectPath) -> None:
    other = Lease(bucket / "work.lease")
    assert other.try_take()
    line.lose_put("work.lease")
    assert not Lease(bucket / "work.lease").try_take()
    assert line.has_lost
    other.release()


@pytest.mark.parametrize("place", ["claims", "snapshots"])
def test_an_index_whose_answer_was_lost_is_published_once(
    line: Line, bucket: ObjectPath, place: str
) -> None:
    lake = open_lake(bucket)
    publish(lake, publication(0, 10))
    line.lose_put(f"indexes/{place}/")
    publish(lake, publication(10, 20))
    assert line.has_lost
    assert found(lake) == 20
    assert [each.sequence for each in ObjectIndexes(bucket / "indexes").manifests()] == [1, 2]


@pytest.mark.heavy  # a torn refusal is asked for again until patience ends
def test_a_commit_whose_answer_was_lost_is_there_once(
    line: Line,
    bucket: ObjectPath,
    rows: Rows,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DATAQ_LAKE_SECONDS", "30")
    lake = open_lake(bucket)
    lake.table("items").append([rows("items", ["a"])])
    line.lose_put("tables/items/_delta_log/")
    with suppress(StoreSilent):
        lake.table("items").append([rows("items", ["b"])])
    assert line.has_lost
    lake = open_lake(bucket)
    lake.table("items").insert_new([rows("items", ["b"])])
    there = lake.table("items").scan(["item_id"]).collect()["item_id"]
    assert sorted(there) == ["a", "b"]
