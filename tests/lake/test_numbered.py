"""Rows found once by a join and fetched by number."""

from __future__ import annotations

import numpy as np
import polars as pl
import pyarrow as pa
import pytest

from dataq_lake.errors import ContentLost
from dataq_lake.lake import Lake
from dataq_lake.numbered import ROW, NumberedRows
from tests.lake.conftest import Rows

MANY = 1 << 20


@pytest.fixture
def numbered(lake: Lake, rows: Rows) -> NumberedRows:
    """Three files of texts: a0 to a9, b0 to b9, c0 to c9."""
    for letter in "abc":
        ids = [f"{letter}{number}" for number in range(10)]
        lake.table("texts").append([rows("texts", ids, text=letter * 100)])
    return lake.table("texts").numbered()


def found(numbered: NumberedRows, numbers: list[int]) -> list[str]:
    batches = numbered.take(np.array(numbers, np.uint32), ["id"], MANY)
    return [id_ for batch in batches for id_ in batch.column(0).to_pylist()]


def test_a_row_found_is_the_row_fetched(numbered: NumberedRows) -> None:
    ids = ["c3", "a0", "b9", "a9", "nobody", None, "a0"]
    numbers = numbered.numbers(pl.Series(ids, dtype=pl.String), "id")
    assert sorted(found(numbered, numbers.tolist())) == ["a0", "a9", "b9", "c3"]
    told = numbered.scan(["id"]).collect()
    assert told.filter(pl.col("id") == "b9")[ROW].to_list() == [numbers.tolist()[2]]


def test_rows_come_in_the_order_of_their_numbers(numbered: NumberedRows) -> None:
    ids = numbered.scan(["id"]).collect()["id"].to_list()
    assert found(numbered, list(range(30))) == ids
    assert found(numbered, [1, 10, 19, 29]) == [ids[1], ids[10], ids[19], ids[29]]


def test_batches_are_bounded(numbered: NumberedRows) -> None:
    batches = list(numbered.take(np.arange(30, dtype=np.uint32), ["id", "text"], 250))
    assert all(batch.num_rows <= 3 for batch in batches)
    assert sum(batch.num_rows for batch in batches) == 30


def test_nothing_asked_for_is_nothing_found(lake: Lake, numbered: NumberedRows) -> None:
    assert found(numbered, []) == []
    assert len(numbered.numbers(pl.Series([], dtype=pl.String), "id")) == 0
    assert len(lake.table("items").numbered().numbers(pl.Series(["x"]), "item_id")) == 0


def test_what_is_committed_later_does_not_move_the_numbers(
    lake: Lake, numbered: NumberedRows, rows: Rows
) -> None:
    before = found(numbered, [0, 29])
    lake.table("texts").append([rows("texts", ["z"])])
    assert found(numbered, [0, 29]) == before
    assert len(numbered.numbers(pl.Series(["z"]), "id")) == 0


def test_a_lost_file_is_named(lake: Lake, numbered: NumberedRows) -> None:
    lake.table("texts").files()[1].unlink()
    with pytest.raises(ContentLost, match=r"of table .* cannot be read: it belongs to its newest"):
        found(numbered, list(range(30)))


def test_files_without_counts_in_the_log_are_counted(lake: Lake, numbered: NumberedRows) -> None:
    handle = lake.table("texts")
    same = NumberedRows(handle.table, handle.files())
    assert found(same, [5, 25]) == found(numbered, [5, 25])
    assert pa.Table.from_batches(same.take(np.array([5], np.uint32), ["text"], MANY)).num_rows == 1
