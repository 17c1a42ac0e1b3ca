"""Whatever fits a table's schema comes back as it went in, through every way of reading."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dataq_lake import sql
from dataq_lake.ducklake.catalogue import close_catalogues
from dataq_lake.lake import Lake, open_lake
from dataq_lake.schemas import TABLES, declared

NAMES = ["raw_mail", *TABLES]
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
# what 64 bits of nanoseconds hold, in which some readers count; hypothesis wants them naive
EARLY, LATE = datetime(1677, 9, 22), datetime(2262, 4, 11)  # noqa: DTZ001


def values(kind: pa.DataType) -> st.SearchStrategy[Any]:
    """Python values that `kind` can hold."""
    if pa.types.is_map(kind):
        return st.dictionaries(TEXT, st.none() | TEXT, max_size=3).map(lambda d: list(d.items()))
    if pa.types.is_list(kind):
        return st.lists(values(kind.value_type), max_size=3)
    if pa.types.is_struct(kind):
        return st.fixed_dictionaries({f.name: st.none() | values(f.type) for f in kind})
    if pa.types.is_timestamp(kind):
        return st.datetimes(EARLY, LATE, timezones=st.just(UTC))
    if pa.types.is_floating(kind):
        return st.floats(width=32 if kind == pa.float32() else 64, allow_nan=False)
    if pa.types.is_integer(kind):
        return st.integers(-(2 ** (kind.bit_width - 1)), 2 ** (kind.bit_width - 1) - 1)
    simple = {"bool": st.booleans(), "binary": st.binary(max_size=30)}
    return simple.get(str(kind), TEXT)


def tables(name: str, most: int) -> st.SearchStrategy[list[dict[str, Any]]]:
    """At most that many rows of a table with distinct keys; all but the key may be null."""
    table = declared(name)
    row = st.fixed_dictionaries(
        {
            field.name: values(field.type)
            if field.name in table.key
            else st.none() | values(field.type)
            for field in table.schema
        }
    )
    return st.lists(row, max_size=most, unique_by=lambda r: tuple(r[k] for k in table.key))


def fresh() -> Iterator[Lake]:
    with tempfile.TemporaryDirectory() as folder:
        yield open_lake(folder)


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=8)
@given(data=st.data())
def test_rows_come_back_as_they_went_in(name: str, data: st.DataObject) -> None:
    for lake in fresh():
        come_back(lake, name, data)


@pytest.mark.heavy
@pytest.mark.usefixtures("engine")
@pytest.mark.engines("file", "encrypted")
@settings(max_examples=4)
@given(data=st.data())
def test_rows_come_back_from_ducklake(data: st.DataObject) -> None:
    """All tables in one lake: its catalogue takes longer to make than they do to be read.

    A row or two of each: hypothesis gives up where one example holds more than some kilobytes.
    """
    for lake in fresh():
        for name in NAMES:
            come_back(lake, name, data, most=2)
    close_catalogues()


def come_back(lake: Lake, name: str, data: st.DataObject, most: int = 6) -> None:
    """Writes rows of a table that hypothesis draws, and reads them in every way."""
    table = declared(name)
    written = data.draw(tables(name, most))
    batch = pa.RecordBatch.from_pylist(written, schema=table.schema)
    handle = lake.table(name)
    handle.insert_new([batch])
    read = pa.Table.from_batches(handle.batches(), schema=table.schema)
    assert read.equals(pa.Table.from_batches([batch]))
    assert handle.scan().collect().equals(pl.DataFrame(pa.Table.from_batches([batch])))
    asked = [row[table.key[0]] for row in written][:2]
    found = pa.Table.from_batches(handle.rows(asked), schema=table.schema)
    assert found.num_rows == sum(row[table.key[0]] in asked for row in written)


@pytest.mark.usefixtures("engine")
@pytest.mark.engines("delta", "file")
def test_an_empty_table_has_the_columns_of_a_full_one(lake: Lake) -> None:
    empty = {name: columns(lake, name) for name in NAMES}
    for name in NAMES:
        handle = lake.table(name)
        types = {key: handle.table.schema.field(key).type for key in handle.table.key}
        keys = {key: 1 if pa.types.is_integer(of) else "a" for key, of in types.items()}
        handle.append([pa.RecordBatch.from_pylist([keys], handle.table.schema)])
        assert handle.count() == 1
        assert columns(lake, name) == empty[name], name


def columns(lake: Lake, name: str) -> tuple[Any, Any]:
    """The columns of a table as Polars and as SQL tell them."""
    view = "raw" if name == "raw_mail" else name
    told = sql.query(lake, f"describe {view}").fetchall()
    return lake.table(name).scan().collect().schema, told
