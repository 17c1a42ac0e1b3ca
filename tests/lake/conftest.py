"""A lake of its own for each test, and rows to put into it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from dataq_lake.lake import Lake, open_lake
from dataq_lake.location import Location
from dataq_lake.schemas import declared
from tests.lake import ages

Rows = Callable[..., pa.RecordBatch]


@pytest.fixture(params=["disk", "s3"])
def where(request: pytest.FixtureRequest) -> str:
    """On disk, and in an object store."""
    return str(request.param)


@pytest.fixture
def place(where: str, tmp_path: Path, request: pytest.FixtureRequest) -> Location:
    """Where nothing was ever written."""
    if where == "disk":
        return tmp_path / "lake"
    found: Location = request.getfixturevalue("bucket")
    return found


@pytest.fixture(autouse=True)
def ages_end() -> Iterator[None]:
    """What one test calls old is not old to the next."""
    yield
    ages.forget()


@pytest.fixture
def lake(place: Location) -> Lake:
    """A lake in which nothing was ever written."""
    return open_lake(place)


@pytest.fixture
def rows() -> Rows:
    """Makes a batch for a table: a row for each of `ids`, with other columns the same or null."""

    def make(table: str, ids: list[str], **columns: Any) -> pa.RecordBatch:
        declaration = declared(table)
        values: list[Mapping[str, Any]] = [{declaration.key[0]: id_, **columns} for id_ in ids]
        return pa.RecordBatch.from_pylist(values, schema=declaration.schema)

    return make
