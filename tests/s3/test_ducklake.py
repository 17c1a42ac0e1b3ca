"""A lake on DuckLake in an object store: tables there, their catalogue in a database."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa
import pytest

from dataq_lake import sql
from dataq_lake.cleaning import vacuum
from dataq_lake.difference import Difference
from dataq_lake.ducklake.catalogue import close_catalogues
from dataq_lake.errors import ContentLost, FixTheCall, StoreSilent
from dataq_lake.lake import Lake, open_lake
from dataq_lake.objects.path import ObjectPath
from dataq_lake.snapshots import create
from tests.lake.conftest import Rows, rows
from tests.lake.test_engines import LATER, NONE
from tests.outage import outage
from tests.postgres import Postgres
from tests.s3.proxy import BadLine
from tests.s3.seaweed import Seaweed

__all__ = ["rows"]


@pytest.fixture(
    params=[
        "ducklake:postgres",
        "ducklake+encrypted:file",
        pytest.param("ducklake+encrypted:postgres", marks=pytest.mark.heavy),
        pytest.param("ducklake:file", marks=pytest.mark.heavy),
    ]
)
def lake(
    request: pytest.FixtureRequest,
    bucket: ObjectPath,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> Iterator[Lake]:
    """A lake in a bucket that was never written to; a catalogue in a file is on this disk."""
    engine, _, kind = request.param.partition(":")
    where = str(tmp_path / "lake.ducklake")
    if kind == "postgres":
        where = f"postgres:{request.getfixturevalue('postgres').database()}"
    monkeypatch.setenv("DATAQ_TABLES", f"{engine}:{where}")
    yield open_lake(bucket)
    close_catalogues()


def states(lake: Lake) -> list[tuple[str, str]]:
    return sql.query(lake, "select id, state from quarantine order by id").fetchall()


def test_write_look_back_verify_and_clean(lake: Lake, rows: Rows) -> None:
    handle = lake.table("quarantine")
    handle.append([rows("quarantine", ["a", "b", "c"], state="1")])
    create(lake, "before")
    handle.insert_new([rows("quarantine", ["c", "d"], state="2")])
    handle.apply(Difference([rows("quarantine", ["a"], state="3")], ["a", "b"]))
    assert states(lake) == [("a", "3"), ("c", "1"), ("d", "2")]
    assert states(lake.at("before")) == [("a", "1"), ("b", "1"), ("c", "1")]
    assert handle.scan(["id", "state"]).sort("id").collect().rows() == states(lake)
    assert [batch.num_rows for batch in handle.rows(["d"], ["id"])] == [1]
    assert list(handle.damage()) == []
    vacuum(handle, NONE, NONE, LATER)
    assert states(lake.at("before")) == [("a", "1"), ("b", "1"), ("c", "1")]
    handle.files()[0].unlink()
    assert [each.reason for each in handle.damage()] == ["is in the catalogue but not on disk"]
    for read in (lambda: states(lake), lambda: list(handle.batches())):
        with pytest.raises(ContentLost, match=r"of table quarantine cannot be read: it belongs to"):
            read()


def test_every_other_question_and_change(
    lake: Lake, rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the test above, all that `LakeTable` has is done here once with each catalogue."""
    monkeypatch.setattr("dataq_lake.compacting.MANY", 2)
    raw, handle = lake.raw("mail"), lake.table("quarantine")
    for month in ("2026-10", "2026-11"):
        raw.append([rows("raw_mail", [month], window=month, payload=b"x", blob_uri="blob:1")])
    assert len(raw.files()) == 1, "merged"
    assert sum(batch.num_rows for batch in raw.batches(["item_id"], windows=["2026-11"])) == 1
    assert [value for found in raw.stored_values(["blob_uri"]) for value in found] == ["blob:1"]
    with pytest.raises(FixTheCall, match="insert-only"):
        raw.clear()
    handle.append([rows("quarantine", ["a", "b"])])
    before = handle.history()[0]
    numbered = handle.numbered()
    assert numbered.scan(["id"]).collect().sort("row").rows() == [(0, "a"), (1, "b")]
    assert handle.clear().deleted == 2
    assert (handle.exists, handle.count(), handle.merge()) == (True, 0, False)
    assert handle.scan(["id"], version=before.version).collect().height == 2
    assert handle.scan(["id"], as_of=before.time).collect().height == 2
    assert handle.log.version_at(before.time) == before.version < (handle.version() or 0)


def test_a_catalogue_file_needs_a_disk(
    bucket: ObjectPath, monkeypatch: pytest.MonkeyPatch, rows: Rows
) -> None:
    monkeypatch.setenv("DATAQ_TABLES", "ducklake:lake.ducklake")
    with pytest.raises(FixTheCall, match="name one by its whole path"):
        open_lake(bucket).table("items").append([rows("items", ["a"])])


@pytest.fixture
def line(s3: Seaweed, monkeypatch: pytest.MonkeyPatch) -> Iterator[BadLine]:
    """The way to the server for all of this test."""
    found = BadLine(s3.ports[0])
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{found.port}")
    yield found
    found.close()


@pytest.fixture
def on_postgres(
    line: BadLine, bucket: ObjectPath, postgres: Postgres, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Lake]:
    """A lake beyond the line; its catalogue is on this side."""
    monkeypatch.setenv("DATAQ_TABLES", f"ducklake:postgres:{postgres.database()}")
    yield open_lake(bucket)
    close_catalogues()


def test_who_reads_waits_for_a_store_that_comes_back(
    line: BadLine, s3: Seaweed, on_postgres: Lake, rows: Rows
) -> None:
    handle = on_postgres.table("quarantine")
    handle.append([rows("quarantine", ["a", "b"])])
    handle.apply(Difference([rows("quarantine", ["c"])], ["a"]))
    lines = [line]
    line.close()
    back = threading.Timer(2, lambda: lines.append(BadLine(s3.ports[0], own=line.port)))
    back.start()
    assert sorted(handle.scan(["id"]).collect()["id"]) == ["b", "c"]
    back.join()
    lines[-1].close()


def test_a_store_that_stays_away_is_told_and_nothing_is_taken_for_lost(
    line: BadLine, on_postgres: Lake, rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATAQ_LAKE_SECONDS", "0")
    handle = on_postgres.table("quarantine")
    handle.append([rows("quarantine", ["a", "b"])])
    handle.apply(Difference([], ["a"]))
    line.down(True)
    for use in (
        lambda: handle.append([rows("quarantine", ["c"])]),
        lambda: handle.insert_new([rows("quarantine", ["c"])]),
        lambda: handle.apply(Difference([rows("quarantine", ["c"])], ["b"])),
        lambda: handle.scan(["id"]).collect(),
        lambda: list(handle.batches(["id"])),
        lambda: list(handle.stored_values(["id"])),
        lambda: list(handle.damage()),
    ):
        with pytest.raises(StoreSilent, match="the store does not answer"):
            use()
    line.down(False)
    assert handle.scan(["id"]).collect()["id"].to_list() == ["b"]
    assert handle.insert_new([rows("quarantine", ["b", "c"])]).rows == 1


@pytest.mark.heavy
@pytest.mark.parametrize("lake", ["ducklake:postgres"], indirect=True)
@pytest.mark.parametrize("patience", [240, 1])
def test_a_store_that_goes_in_the_middle_of_a_write(
    lake: Lake, s3: Seaweed, rows: Rows, monkeypatch: pytest.MonkeyPatch, patience: int
) -> None:
    """The server is stopped between two commits: waited for or told, and nothing lost or double."""
    monkeypatch.setenv("DATAQ_LAKE_SECONDS", str(patience))
    monkeypatch.setattr("dataq_lake.writing.COMMIT_ROWS", 2)
    handle = lake.table("quarantine")
    told: list[int] = []

    def batches(away: Callable[[], None]) -> Iterator[pa.RecordBatch]:
        for number in range(4):
            if number == 2:
                away()
            yield rows("quarantine", [f"{number}a", f"{number}b"])

    def insert(away: Callable[[], None]) -> None:
        handle.insert_new(batches(away), committed=lambda done: told.append(done.rows))

    if patience > 1:
        with outage(s3) as away:
            insert(away.begin)
    else:
        with pytest.raises(StoreSilent, match="what was committed is kept"):
            insert(s3.stop)
        s3.start()
        assert handle.count() == sum(told) < 8
        insert(lambda: None)
    assert sum(told) == handle.count() == 8
    ids = handle.scan(["id"]).collect()["id"]
    assert sorted(ids) == [f"{number}{letter}" for number in range(4) for letter in "ab"]
    assert list(handle.damage()) == []
