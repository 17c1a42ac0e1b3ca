"""Writes can be repeated, are refused as a whole or made as a whole, and say what they did."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dataq_lake import accepting, compacting, parts, writing
from dataq_lake.difference import Difference
from dataq_lake.errors import FixTheCall, NotWritable, UnknownTable, WrongSchema
from dataq_lake.lake import Lake, open_lake
from dataq_lake.location import Location, readable
from dataq_lake.part_file import Part, PartFile
from dataq_lake.schemas import Table
from dataq_lake.table import TableHandle
from dataq_lake.written import CommitInfo, Written
from tests.lake.ages import age, below
from tests.lake.conftest import Rows

pytestmark = pytest.mark.usefixtures("engine")
delta_only = pytest.mark.engines("delta")


def ids(start: int, stop: int) -> list[str]:
    return [f"{number:032x}" for number in range(start, stop)]


def files_on_disk(lake: Lake, table: str) -> set[str]:
    files = [path for path in below(lake.root / "tables") if path.name.endswith(".parquet")]
    return {path.name for path in files if path.parent.name == table}


def files_in_log(lake: Lake, table: str) -> set[str]:
    return {path.name for path in lake.table(table).files()}


def test_nothing_written_makes_no_table(lake: Lake) -> None:
    assert lake.table("items").append([]).rows == 0
    assert lake.table("items").apply(Difference()) == Written()
    assert lake.table("items").apply(Difference(gone=["a"])) == Written()
    assert not lake.root.exists()


def test_insert_new_twice_is_once(lake: Lake, rows: Rows) -> None:
    handle = lake.table("items")
    first = handle.insert_new([rows("items", ids(0, 100)), rows("items", ids(50, 150))])
    again = handle.insert_new([rows("items", ids(0, 150))])
    assert (first.rows, first.version) == (150, handle.version())
    assert first.bytes > 0
    assert (again.rows, again.files, again.bytes, again.version) == (0, 0, 0, first.version)
    assert sorted(handle.scan(["item_id"]).collect().to_series()) == ids(0, 150)
    assert files_on_disk(lake, "items") == files_in_log(lake, "items")


def test_keys_of_several_columns_and_nulls(lake: Lake) -> None:
    handle = lake.table("embeddings")
    keys = [("a", "m", "1"), ("a", "m", "2"), ("a", None, "1"), ("a", "m", "1"), ("a", None, "1")]
    names = handle.table.key
    batch = pa.RecordBatch.from_pylist(
        [dict(zip(names, key, strict=True)) for key in keys], schema=handle.table.schema
    )
    for one in (batch.slice(2, 1), batch, batch.slice(2, 1)):
        handle.insert_new([one])
    assert handle.count() == 3
    assert open_lake(lake.root).table("embeddings").insert_new([batch]).rows == 0


@delta_only
def test_one_key_hash_is_not_one_key(
    lake: Lake, rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "dataq_lake.keys.KeyIndex._hashes",
        lambda self, frame: np.full(frame.height, 7, dtype=np.uint64),
    )
    handle = lake.table("items")
    assert handle.insert_new([rows("items", ids(0, 5)), rows("items", ids(3, 8))]).rows == 8
    assert handle.insert_new([rows("items", ids(4, 9))]).rows == 1


def test_a_difference_takes_away_and_replaces(lake: Lake, rows: Rows) -> None:
    handle = lake.table("quarantine")
    handle.apply(Difference([rows("quarantine", ids(0, 100), state="open")]))
    change = Difference([rows("quarantine", ids(10, 12), state="resolved")], ids(10, 15))
    done = handle.apply(change, CommitInfo("run-7", "quarantine"))
    assert (done.rows, done.deleted, done.version) == (2, 5, handle.version())
    states = dict(handle.scan(["id", "state"]).collect().iter_rows())
    assert [states.get(id_) for id_ in ids(9, 16)] == [
        "open",
        "resolved",
        "resolved",
        None,
        None,
        None,
        "open",
    ]
    before = handle.scan().sort("id").collect()
    handle.apply(Difference([rows("quarantine", ids(10, 12), state="resolved")], ids(10, 15)))
    assert handle.scan().sort("id").collect().equals(before)
    newest = handle.history()[1]
    assert (newest.run_id, newest.asset, newest.rows, newest.deleted) == (
        "run-7",
        "quarantine",
        2,
        5,
    )


@delta_only
def test_gone_only_rewrites_the_files_that_hold_it(lake: Lake, rows: Rows) -> None:
    handle = lake.table("quarantine")
    for start in range(0, 50, 10):
        handle.append([rows("quarantine", ids(start, start + 10))])
    before = files_in_log(lake, "quarantine")
    assert handle.apply(Difference(gone=ids(11, 13))).deleted == 2
    after = files_in_log(lake, "quarantine")
    assert len(before - after) == len(after - before) == 1
    assert handle.apply(Difference(gone=ids(20, 30))).files == 0, "a file with nothing left goes"
    assert handle.count() == 38
    assert handle.apply(Difference(gone=["never was"])).version == handle.version()


def test_gone_by_another_column(lake: Lake, rows: Rows) -> None:
    handle = lake.table("segments")
    handle.append([rows("segments", ids(0, 5), asset_id="x"), rows("segments", ids(5, 8))])
    assert handle.apply(Difference(gone=["x"], key="asset_id")).deleted == 5
    assert handle.count() == 3, "rows without a value stay"
    with pytest.raises(FixTheCall, match="no column colour"):
        handle.apply(Difference(gone=["x"], key="colour"))


def test_raw_is_insert_only(lake: Lake, rows: Rows) -> None:
    handle = lake.raw("mail")
    handle.append([rows("raw_mail", ids(0, 3))])
    for refused in (lambda: handle.apply(Difference(gone=ids(0, 1))), handle.clear):
        with pytest.raises(FixTheCall, match="raw_mail is insert-only"):
            refused()
    assert open_lake(lake.root).raw("mail").count() == 3


@delta_only
def test_the_engine_keeps_raw_insert_only(lake: Lake, rows: Rows) -> None:
    from deltalake.exceptions import CommitFailedError, DeltaError

    handle = lake.raw("mail")
    handle.append([rows("raw_mail", ids(0, 3))])
    assert isinstance(handle, TableHandle)
    with pytest.raises((CommitFailedError, DeltaError)):
        handle.delta().delete()
    assert open_lake(lake.root).raw("mail").count() == 3


def test_commits_are_bounded_and_told(
    lake: Lake, rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "COMMIT_ROWS", 10)
    monkeypatch.setattr(writing, "PAUSE_SECONDS", 0)
    taken, told = 0, []

    def stream() -> Iterator[pa.RecordBatch]:
        nonlocal taken
        for start in range(0, 32, 4):
            taken = start + 4
            yield rows("raw_mail", ids(start, start + 4))

    def committed(written: Written) -> None:
        told.append((written.rows, taken, open_lake(lake.root).raw("mail").count()))

    total = lake.raw("mail").append(stream(), committed=committed)
    # at the time of each call, all that was taken from the stream is there to be read
    assert told == [(12, 12, 12), (12, 24, 24), (8, 32, 32)]
    assert (total.rows, total.files, total.version) == (32, 3, lake.raw("mail").version())


@delta_only
def test_rows_that_come_fast_share_a_commit(
    lake: Lake, rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "COMMIT_ROWS", 10)
    stream = [rows("raw_mail", [id_], payload=b"x" * 1000) for id_ in ids(0, 100)]
    assert lake.raw("mail").append(stream[:60]).files == 1
    monkeypatch.setattr(writing, "FILE_BYTES", 30_000)
    assert lake.raw("mail").append(stream[60:]).files == 2, "each file's worth at the latest"
    assert lake.raw("mail").count() == 100


@delta_only
@pytest.mark.parametrize("fails", ["", "write", "close", "stream"])
def test_a_busy_file_gets_a_second_beside_it(
    lake: Lake, rows: Rows, monkeypatch: pytest.MonkeyPatch, fails: str
) -> None:
    lake.raw("mail").append([rows("raw_mail", ids(900, 901))])
    monkeypatch.setattr(parts, "GROUP_BYTES", 1_000)
    real, writing_now = PartFile.write, set[str]()

    def slow(file: PartFile, group: pa.Table) -> None:
        assert file.name not in writing_now, "two row groups at once in one file"
        writing_now.add(file.name)
        time.sleep(0.02)
        if fails == "write" and len(writing_now) > 1:
            raise OSError(28, "No space left on device")
        real(file, group)
        writing_now.remove(file.name)

    def broken(file: PartFile) -> Part:
        raise OSError(28, "No space left on device")

    def stream() -> Iterator[pa.RecordBatch]:
        for id_ in ids(0, 21):
            yield rows("raw_mail", [id_], payload=b"x" * 700)
        if fails == "stream":
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(PartFile, "write", slow)
    if fails == "close":
        monkeypatch.setattr(PartFile, "close", broken)
    if fails:
        with pytest.raises(Exception, match="No space left"):
            lake.raw("mail").append(stream())
    else:
        assert lake.raw("mail").append(stream()).files == 2
    stored = open_lake(lake.root).raw("mail").scan(["item_id"]).collect().to_series()
    assert sorted(stored) == [*([] if fails else ids(0, 21)), *ids(900, 901)]
    assert files_on_disk(lake, "raw_mail") == files_in_log(lake, "raw_mail")


@pytest.mark.parametrize("write", ["append", "insert_new"])
def test_a_stream_that_breaks_leaves_only_what_was_committed(
    lake: Lake, rows: Rows, monkeypatch: pytest.MonkeyPatch, write: str
) -> None:
    monkeypatch.setattr(writing, "COMMIT_ROWS", 10)
    monkeypatch.setattr(writing, "PAUSE_SECONDS", 0)
    monkeypatch.setattr(accepting, "GATHER_ROWS", 5)

    def stream() -> Iterator[pa.RecordBatch]:
        yield rows("items", ids(0, 10))
        yield rows("items", ids(10, 15))
        raise RuntimeError("the plugin died")

    with pytest.raises(RuntimeError, match="the plugin died"):
        getattr(lake.table("items"), write)(stream())
    assert lake.table("items").count() == 10
    assert files_on_disk(lake, "items") == files_in_log(lake, "items")


@delta_only
@pytest.mark.local("fills a disk")
def test_a_failing_disk_is_reported_and_cleaned_up(
    lake: Lake, rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full_disk(number: int) -> None:
        raise OSError(28, "No space left on device")

    lake.table("items").append([rows("items", ids(0, 3))])
    monkeypatch.setattr(os, "fsync", full_disk)
    with pytest.raises(NotWritable, match="No space left"):
        lake.table("items").append([rows("items", ids(3, 6))])
    monkeypatch.undo()
    assert open_lake(lake.root).table("items").count() == 3
    assert files_on_disk(lake, "items") == files_in_log(lake, "items")


@delta_only
def test_row_groups_and_files_are_bounded_by_bytes(
    lake: Lake, rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parts, "GROUP_BYTES", 1 << 20)
    monkeypatch.setattr(parts, "FILE_BYTES", 3 << 20)
    one = [rows("raw_mail", [id_], payload=os.urandom(250_000)) for id_ in ids(0, 40)]
    batch = pa.Table.from_batches(one).combine_chunks().to_batches()[0]
    lake.raw("mail").append([batch])
    groups, sizes = [], []
    for file in lake.raw("mail").files():
        metadata = pq.read_metadata(readable(file))
        sizes.append(file.stat().st_size)
        groups += [metadata.row_group(g).total_byte_size for g in range(metadata.num_row_groups)]
    assert len(sizes) > 2
    assert max(sizes) < 5 << 20
    assert max(groups) < 1.5 * (1 << 20)
    assert max(batch.nbytes for batch in lake.raw("mail").batches(batch_bytes=600_000)) < 800_000


@delta_only
def test_bulky_columns_have_no_dictionary_and_no_statistics(lake: Lake, rows: Rows) -> None:
    lake.raw("mail").append([rows("raw_mail", ids(0, 9), payload=b"same", source="mail")])
    group = pq.read_metadata(readable(lake.raw("mail").files()[0])).row_group(0)
    columns = {group.column(i).path_in_schema: group.column(i) for i in range(group.num_columns)}
    assert columns["payload"].statistics is None
    assert not columns["payload"].has_dictionary_page
    assert columns["source"].statistics.max == "mail"
    assert {columns[name].compression for name in columns} == {"ZSTD"}


@delta_only
@pytest.mark.local("100 MB of the same word are a small object")
def test_huge_rows(lake: Lake, rows: Rows) -> None:
    text = "word " * 20_000_000  # 100 MB
    lake.table("texts").append([rows("texts", ids(0, 1), text=text), rows("texts", ids(1, 2))])
    found = next(lake.table("texts").rows(ids(0, 1), ["text"]))
    assert found.column(0)[0].as_py() == text
    assert lake.table("texts").count() == 2


@delta_only
def test_rows_reads_only_files_that_hold_the_ids(lake: Lake, rows: Rows) -> None:
    handle = lake.raw("mail")
    for start in (0, 10, 20):
        handle.append([rows("raw_mail", ids(start, start + 10), payload=b"x")])
    for file in handle.files()[:2]:
        _break_payload(file)
    wanted = pl.Series([*ids(22, 25), "unknown"])
    found = pa.Table.from_batches(handle.rows(wanted, ["payload", "item_id"]))
    assert found.column_names == ["payload", "item_id"]
    assert found["item_id"].to_pylist() == ids(22, 25)
    assert list(handle.rows([], ["payload"])) == []
    with pytest.raises(FixTheCall, match="has no column colour"):
        list(handle.rows(wanted, ["colour"]))


def _break_payload(file: Location) -> None:
    """Damages the payload column chunk, so that nobody can read it without noticing."""
    group = pq.read_metadata(readable(file)).row_group(0)
    chunk = next(
        group.column(i)
        for i in range(group.num_columns)
        if group.column(i).path_in_schema == "payload"
    )
    data, start = bytearray(file.read_bytes()), chunk.data_page_offset
    data[start : start + chunk.total_compressed_size] = b"\xff" * chunk.total_compressed_size
    file.write_bytes(bytes(data))


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> int:
    """So many small files are merged."""
    monkeypatch.setattr(compacting, "MANY", 6)
    return compacting.MANY


def test_many_small_commits_are_merged(lake: Lake, rows: Rows, few: int) -> None:
    handle = lake.table("items")
    before = 0
    for number in range(few + 2):
        written = handle.append([rows("items", ids(number, number + 1))], CommitInfo("run"))
        before = before or written.version or 0
    assert len(handle.files()) < few
    assert sorted(handle.scan(["item_id"]).collect().to_series()) == ids(0, few + 2)
    merged = next(commit for commit in handle.history() if not commit.rows)
    assert merged.deleted == 0
    assert handle.scan(version=before).collect().height == 1, "earlier versions stay readable"
    assert handle.scan(version=merged.version).collect().height == few
    assert handle.insert_new([rows("items", ids(0, 9))]).rows == 9 - few - 2


def test_raw_may_be_merged_though_it_is_insert_only(lake: Lake, rows: Rows, few: int) -> None:
    handle = lake.raw("mail")
    for number in range(few):
        handle.append([rows("raw_mail", ids(number, number + 1), payload=b"x")])
    assert len(handle.files()) == 1
    assert handle.count() == few


@delta_only
def test_files_that_nobody_needs_go_after_a_while(lake: Lake, rows: Rows) -> None:
    handle = lake.table("quarantine")
    handle.append([rows("quarantine", ids(0, 3))])
    left, young = handle.folder / "part-left.parquet", handle.folder / "part-young.parquet"
    for path in (left, young):
        path.write_bytes(b"a killed writer's")
    age(left, 100)
    handle.append([rows("quarantine", ids(3, 6))])
    assert left.exists(), "once a week is enough"
    age(handle.folder / "_swept", 100)
    handle.append([rows("quarantine", ids(6, 9))])
    assert (left.exists(), young.exists()) == (False, True), "a living writer keeps its files"
    assert handle.count() == 9
    assert handle.scan(version=1).collect().height == 3


def test_wrong_rows_are_refused_by_name(lake: Lake, rows: Rows) -> None:
    handle = lake.table("analyses")
    good = rows("analyses", ["a"])
    with pytest.raises(WrongSchema, match=r"table analyses: missing outcome; unknown colour"):
        handle.append([good.drop_columns("outcome").append_column("colour", pa.array(["red"]))])
    with pytest.raises(WrongSchema, match=r"column analyzed_at is string, not timestamp"):
        handle.append([good.set_column(7, "analyzed_at", pa.array(["yesterday"]))])
    assert not handle.exists or handle.count() == 0
    reordered = pl.DataFrame(good).select(sorted(good.schema.names)).to_arrow().to_batches()
    assert handle.append(reordered).rows == 1, "order and large strings do not matter"
    with pytest.raises(UnknownTable, match=r"no table 'itmes': there are raw_<source>, items,"):
        lake.table("itmes")


def test_times_are_not_rounded(lake: Lake, rows: Rows) -> None:
    nanoseconds = pa.array([1_000_000_001], pa.timestamp("ns", "UTC"))
    batch = rows("items", ["a"])
    at = batch.schema.get_field_index("timestamp")
    with pytest.raises(WrongSchema, match="column timestamp"):
        lake.table("items").append([batch.set_column(at, "timestamp", nanoseconds)])


def test_state_is_the_last_one_saved(lake: Lake, few: int) -> None:
    assert lake.state("mail") is None
    lake.save_state("mail", b"one")
    lake.save_state("files", b"\x00other")
    lake.save_state("mail", b"two", "run-2")
    again = open_lake(lake.root)
    assert (again.state("mail"), again.state("files")) == (b"two", b"\x00other")
    for number in range(few + 3):
        lake.save_state("mail", b"%d" % number)
    assert again.state("mail") == b"%d" % (few + 2)


@delta_only
def test_a_second_write_reads_only_the_keys_of_new_files(
    lake: Lake, rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dataq_lake import reading

    handle = lake.table("items")
    handle.insert_new([rows("items", ids(0, 10))])
    open_lake(lake.root).table("items").insert_new([rows("items", ids(10, 20))])
    scanned: list[int] = []
    scan = reading.scan

    def spy(table: Table, files: list[Path], column: str | None = None) -> pl.LazyFrame:
        scanned.append(len(files))
        return scan(table, files, column)

    monkeypatch.setattr(reading, "scan", spy)
    assert handle.insert_new([rows("items", ids(20, 30))]).rows == 10
    assert scanned == [1], "the file that the other writer has added"
    assert handle.insert_new([rows("items", ids(15, 35))]).rows == 5
    assert handle.apply(Difference([rows("items", ids(0, 3))], ids(0, 2))).rows == 2
    assert handle.apply(Difference([rows("items", ids(0, 3))])).rows == 0
